// Proves: the kernels on u8 images beside dense convolution give the bytes of the scalar
// specification, what they make float16 is its float rounded once; on random ragged shapes, in
// lockstep and in random orders, touching nothing but their operands' channels.
#include "kernels/cuda/bytes.h"

#include <gtest/gtest.h>

#include "kernels/cpu/depthwise_u8/variants.h"
#include "kernels/cpu/pixelwise_u8/variants.h"
#include "kernels/cpu/rescale_u8/variants.h"
#include "kernels/cuda/images.h"
#include "tests/kernels/cuda/device_image.h"

namespace pawl::kernels::cuda {
namespace {

using pawl::cuda::CUdeviceptr;
using softgpu::Option;
using softgpu::SoftGpu;

// P pixels of C bytes, `stride` apart on the device and dense here.
struct Bytes {
  Bytes(int64_t pixels, int32_t channels, std::mt19937* random)
      : P(pixels),
        C(channels),
        stride((channels + 15) / 16 * 16 + 16 * static_cast<int32_t>((*random)() % 2)),
        values(static_cast<size_t>(pixels * channels)) {
    for (uint8_t& v : values) v = static_cast<uint8_t>((*random)());
  }
  CUdeviceptr upload(const SoftGpu& gpu, bool written) const {
    const auto address = gpu.allocate(static_cast<size_t>((P - 1) * stride + C));
    for (int64_t p = 0; p < P && written; ++p) {
      gpu.driver.cuMemcpyHtoD(address + static_cast<uint64_t>(p * stride), values.data() + p * C,
                              static_cast<size_t>(C));
    }
    return address;
  }
  std::string compare(const SoftGpu& gpu, CUdeviceptr at) const {
    std::string wrong = gpu.findings();
    std::vector<uint8_t> row(static_cast<size_t>(stride));
    for (int64_t p = 0; p < P && wrong.empty(); ++p) {
      const auto bytes = static_cast<size_t>(p + 1 < P ? stride : C);
      gpu.driver.cuMemcpyDtoH(row.data(), at + static_cast<uint64_t>(p * stride), bytes);
      for (size_t c = 0; c < bytes && wrong.empty(); ++c) {
        const bool channel = c < static_cast<size_t>(C);
        const int wanted = channel ? values[static_cast<size_t>(p * C) + c] : 0xCB;
        if (row[c] == wanted) continue;
        wrong = "pixel " + std::to_string(p) + " channel " + std::to_string(c) + ": " +
                std::to_string(row[c]) + ", expected " + std::to_string(wanted);
      }
    }
    softgpu::control().clear_findings();  // of the reads of the gaps just now
    return wrong;
  }
  int64_t P;
  int32_t C, stride;
  std::vector<uint8_t> values;
};

class BytesU8 : public testing::Test {
 protected:
  void SetUp() override {
    if (device_images().empty()) GTEST_SKIP() << "no CUDA toolkit when this was built";
  }
  int32_t pick(int32_t low, int32_t high) {
    return std::uniform_int_distribution<int32_t>(low, high)(random);
  }
  int32_t channels() {
    constexpr int32_t kOdd[] = {1, 3, 7, 8, 9, 16, 17, 40};
    return kOdd[pick(0, 7)];
  }
  Bytes image(int64_t pixels, int32_t C) { return {pixels, C, &random}; }

  // In lockstep and in a random order.
  template <typename Image, typename Work>
  void expect_equal(const Image& y, const Work& work) {
    for (const int64_t seed : {int64_t{0}, int64_t{pick(1, 1000)}}) {
      SoftGpu gpu({{Option::kSeed, seed}});
      const auto out = y.upload(gpu, false);
      ASSERT_EQ(work(gpu, out), "") << "seed " << seed;
      if constexpr (std::is_same_v<Image, Bytes>) {
        ASSERT_EQ(y.compare(gpu, out), "") << "seed " << seed;
      } else {
        ASSERT_EQ(y.compare(gpu, out, 0x1p-11, 0x1p-25), "") << "seed " << seed;
      }
    }
  }
  template <typename Params>
  void set_window(Params* p) {
    p->IH = pick(1, 8), p->IW = pick(1, 8), p->OH = pick(1, 6), p->OW = pick(1, 6);
    p->C = channels();
    p->KH = pick(1, 5), p->KW = pick(1, 5), p->stride_h = pick(1, 3), p->stride_w = pick(1, 3);
    p->pad_top = pick(0, p->KH), p->pad_left = pick(0, p->KW);
    p->dilation_h = pick(1, 2), p->dilation_w = pick(1, 2);
    p->x_pixel_stride = p->y_pixel_stride = p->C;
  }

  std::mt19937 random{17};
};

TEST_F(BytesU8, QuantizeAndDequantize) {
  for (int i = 0; i < 12; ++i) {
    const int64_t P = pick(1, 30);
    const int32_t C = channels();
    const HalfImage real(P, C, 8 * pick(0, 1), &random);
    Bytes bytes = image(P, C);
    QuantizeParams q{P, C, C, C, real.values.data(), bytes.values.data(), 37.5F, pick(0, 255)};
    pixelwise_u8_variants().back().quantize(q, 0, 1);
    expect_equal(bytes, [&](const SoftGpu& gpu, CUdeviceptr out) {
      QuantizeParams d = q;
      d.x = device_pointer<float>(real.upload(gpu, true)), d.y = device_pointer<uint8_t>(out);
      d.x_pixel_stride = real.stride, d.y_pixel_stride = bytes.stride;
      return run_launch(gpu, quantize_launch(d), d);
    });
    const Bytes codes = image(P, C);
    HalfImage value(P, C, 8 * pick(0, 1), &random);
    DequantizeParams back{
        P, C, C, C, codes.values.data(), value.values.data(), {0.0213F, pick(0, 255)}};
    pixelwise_u8_variants().back().dequantize(back, 0, 1);
    expect_equal(value, [&](const SoftGpu& gpu, CUdeviceptr out) {
      DequantizeParams d = back;
      d.x = device_pointer<uint8_t>(codes.upload(gpu, true)), d.y = device_pointer<float>(out);
      d.x_pixel_stride = codes.stride, d.y_pixel_stride = value.stride;
      return run_launch(gpu, dequantize_launch(d), d);
    });
  }
}

TEST_F(BytesU8, CopiesAndTables) {
  for (int i = 0; i < 12; ++i) {
    const int64_t P = pick(1, 30);
    const int32_t C = channels(), from = i % 2 == 0 ? C : channels();
    const Bytes x = image(P, from);
    Bytes y = image(P, C);
    std::vector<int32_t> index(static_cast<size_t>(C));
    for (int32_t& one : index) one = pick(0, from - 1);
    CopyU8Params copy{
        P, C, from, C, x.values.data(), i % 2 == 0 ? nullptr : index.data(), y.values.data()};
    pixelwise_u8_variants().back().copy(copy, 0, 1);
    expect_equal(y, [&](const SoftGpu& gpu, CUdeviceptr out) {
      CopyU8Params d = copy;
      d.x = device_pointer<uint8_t>(x.upload(gpu, true)), d.y = device_pointer<uint8_t>(out);
      if (copy.index != nullptr) d.index = device_pointer<int32_t>(gpu.upload(index));
      d.x_pixel_stride = x.stride, d.y_pixel_stride = y.stride;
      return run_launch(gpu, copy_u8_launch(d), d);
    });

    std::vector<uint8_t> table(256);
    for (uint8_t& one : table) one = static_cast<uint8_t>(random());
    TableU8Params look{P, from, from, from, x.values.data(), nullptr, table.data()};
    Bytes looked = image(P, from);
    look.y = looked.values.data();
    rescale_u8_variants().back().table(look, 0, 1);
    expect_equal(looked, [&](const SoftGpu& gpu, CUdeviceptr out) {
      TableU8Params d = look;
      d.x = device_pointer<uint8_t>(x.upload(gpu, true)), d.y = device_pointer<uint8_t>(out);
      d.table = device_pointer<uint8_t>(gpu.upload(table));
      d.x_pixel_stride = x.stride, d.y_pixel_stride = looked.stride;
      return run_launch(gpu, table_u8_launch(d), d);
    });
  }
}

// Into the middle of a wider pixel, at any channel.
TEST_F(BytesU8, CopyToAnyChannel) {
  const Bytes x = image(9, 13);
  for (const int32_t first : {1, 3, 8, 58}) {
    SoftGpu gpu;
    const int32_t stride = 96;
    const auto out = gpu.allocate(9 * static_cast<size_t>(stride));
    CopyU8Params d{9,
                   13,
                   x.stride,
                   stride,
                   device_pointer<uint8_t>(x.upload(gpu, true)),
                   nullptr,
                   device_pointer<uint8_t>(out) + first};
    ASSERT_EQ(run_launch(gpu, copy_u8_launch(d), d), "");
    ASSERT_EQ(gpu.findings(), "");
    const auto found = gpu.download<uint8_t>(out, 9 * static_cast<size_t>(stride));
    for (int32_t at = 0; at < 9 * stride; ++at) {
      const int32_t c = at % stride - first;
      const bool inside = c >= 0 && c < 13;
      ASSERT_EQ(found[static_cast<size_t>(at)],
                inside ? x.values[static_cast<size_t>(at / stride * 13 + c)] : 0xCB)
          << "first " << first << " at " << at;
    }
  }
}

TEST_F(BytesU8, Windows) {
  for (int i = 0; i < 16; ++i) {
    MaxPoolU8Params max{};
    set_window(&max);
    const Bytes x = image(int64_t{max.IH} * max.IW, max.C);
    Bytes y = image(int64_t{max.OH} * max.OW, max.C);
    max.x = x.values.data(), max.y = y.values.data();
    pixelwise_u8_variants().back().max_pool(max, 0, 1);
    expect_equal(y, [&](const SoftGpu& gpu, CUdeviceptr out) {
      MaxPoolU8Params d = max;
      d.x = device_pointer<uint8_t>(x.upload(gpu, true)), d.y = device_pointer<uint8_t>(out);
      d.x_pixel_stride = x.stride, d.y_pixel_stride = y.stride;
      return run_launch(gpu, max_pool_u8_launch(d), d);
    });

    AveragePoolU8Params mean{};
    set_window(&mean);
    mean.count_padding = i % 2 == 0;
    mean.x_zero = pick(0, 255), mean.zero = pick(0, 255), mean.factor = 1.37F;
    const Bytes mean_x = image(int64_t{mean.IH} * mean.IW, mean.C);
    Bytes mean_y = image(int64_t{mean.OH} * mean.OW, mean.C);
    mean.x = mean_x.values.data(), mean.y = mean_y.values.data();
    rescale_u8_variants().back().average_pool(mean, 0, 1);
    expect_equal(mean_y, [&](const SoftGpu& gpu, CUdeviceptr out) {
      AveragePoolU8Params d = mean;
      d.x = device_pointer<uint8_t>(mean_x.upload(gpu, true)), d.y = device_pointer<uint8_t>(out);
      d.x_pixel_stride = mean_x.stride, d.y_pixel_stride = mean_y.stride;
      return run_launch(gpu, average_pool_u8_launch(d), d);
    });

    std::vector<int32_t> rows(static_cast<size_t>(max.OH)), columns(static_cast<size_t>(max.OW));
    for (int32_t& r : rows) r = pick(0, max.IH - 1);
    for (int32_t& c : columns) c = pick(0, max.IW - 1);
    NearestU8Params near{max.IH,          max.IW,      max.C,         max.OH,
                         max.OW,          max.C,       max.C,         x.values.data(),
                         y.values.data(), rows.data(), columns.data()};
    pixelwise_u8_variants().back().nearest(near, 0, 1);
    expect_equal(y, [&](const SoftGpu& gpu, CUdeviceptr out) {
      NearestU8Params d = near;
      d.x = device_pointer<uint8_t>(x.upload(gpu, true)), d.y = device_pointer<uint8_t>(out);
      d.row = device_pointer<int32_t>(gpu.upload(rows));
      d.col = device_pointer<int32_t>(gpu.upload(columns));
      d.x_pixel_stride = x.stride, d.y_pixel_stride = y.stride;
      return run_launch(gpu, nearest_u8_launch(d), d);
    });

    PadParams<uint8_t> border{};
    border.IH = max.IH, border.IW = max.IW, border.C = max.C;
    border.pad_top = pick(0, 2), border.pad_left = pick(0, 2), border.value = 77;
    border.OH = max.IH + border.pad_top + pick(0, 2), border.OW = max.IW + border.pad_left + 1;
    border.x_pixel_stride = border.y_pixel_stride = max.C;
    Bytes padded = image(int64_t{border.OH} * border.OW, max.C);
    border.x = x.values.data(), border.y = padded.values.data();
    pad_u8(border, 0, 1);
    expect_equal(padded, [&](const SoftGpu& gpu, CUdeviceptr out) {
      PadParams<uint8_t> d = border;
      d.x = device_pointer<uint8_t>(x.upload(gpu, true)), d.y = device_pointer<uint8_t>(out);
      d.x_pixel_stride = x.stride, d.y_pixel_stride = padded.stride;
      return run_launch(gpu, pad_u8_launch(d), d);
    });
  }
}

TEST_F(BytesU8, SumsAndProducts) {
  for (int i = 0; i < 16; ++i) {
    const int64_t P = pick(1, 30);
    const int32_t C = channels();
    const bool one_pixel = i % 3 == 0;
    const Bytes a = image(P, C), b = image(one_pixel ? 1 : P, C);
    Bytes y = image(P, C);
    BinaryU8Params p{P,
                     C,
                     i % 2 == 0 ? BinaryOp::kAdd : BinaryOp::kMul,
                     C,
                     one_pixel ? 0 : C,
                     C,
                     a.values.data(),
                     b.values.data(),
                     y.values.data(),
                     pick(0, 255),
                     pick(0, 255),
                     pick(0, 255),
                     i % 2 == 0 ? 0.73F : 0.004F,
                     0.41F};
    rescale_u8_variants().back().binary(p, 0, 1);
    expect_equal(y, [&](const SoftGpu& gpu, CUdeviceptr out) {
      BinaryU8Params d = p;
      d.a = device_pointer<uint8_t>(a.upload(gpu, true));
      d.b = device_pointer<uint8_t>(b.upload(gpu, true));
      d.y = device_pointer<uint8_t>(out);
      d.a_pixel_stride = a.stride, d.b_pixel_stride = one_pixel ? 0 : b.stride;
      d.y_pixel_stride = y.stride;
      return run_launch(gpu, binary_u8_launch(d), d);
    });
  }
}

TEST_F(BytesU8, Depthwise) {
  constexpr Activation kEnds[] = {Activation::kNone, Activation::kRelu, Activation::kSilu,
                                  Activation::kHardSwish, Activation::kLeakyRelu};
  for (int i = 0; i < 20; ++i) {
    DepthwiseU8Params p{};
    set_window(&p);
    const auto padded = static_cast<size_t>((p.C + 15) / 16 * 16);
    const Bytes x = image(int64_t{p.IH} * p.IW, p.C);
    const Bytes residual = image(int64_t{p.OH} * p.OW, p.C);
    Bytes y = image(int64_t{p.OH} * p.OW, p.C);
    HalfImage real(int64_t{p.OH} * p.OW, p.C, 0, &random);
    std::vector<int8_t> weight(static_cast<size_t>(p.KH * p.KW) * padded, 0);
    for (size_t at = 0; at < weight.size(); ++at) {
      if (at % padded < static_cast<size_t>(p.C)) weight[at] = static_cast<int8_t>(random());
    }
    std::vector<int32_t> bias(padded, 0);
    std::vector<float> scale(padded, 1.0F), inverse(padded, 1.0F);
    for (size_t c = 0; c < static_cast<size_t>(p.C); ++c) {
      bias[c] = pick(-4000, 4000);
      scale[c] = static_cast<float>(pick(1, 9)) * 1e-4F,
      inverse[c] = static_cast<float>(pick(5, 60));
    }
    const bool floats = i % 4 == 3;
    p.x = x.values.data(), p.weight = weight.data(), p.bias = bias.data(), p.pad = 91;
    p.y = floats ? nullptr : y.values.data(), p.y_float = floats ? real.values.data() : nullptr;
    p.epilogue = {scale.data(),
                  {kEnds[i % 5], 0.25F, 0.75F},
                  i % 2 == 0 ? residual.values.data() : nullptr,
                  p.C,
                  {0.013F, 120},
                  inverse.data(),
                  pick(0, 255)};
    depthwise_u8_variants().back().run(p, 0, 1);
    const auto work = [&](const SoftGpu& gpu, CUdeviceptr out) {
      DepthwiseU8Params d = p;
      d.x = device_pointer<uint8_t>(x.upload(gpu, true));
      d.weight = device_pointer<int8_t>(gpu.upload(weight));
      d.bias = device_pointer<int32_t>(gpu.upload(bias));
      d.y = floats ? nullptr : device_pointer<uint8_t>(out);
      d.y_float = floats ? device_pointer<float>(out) : nullptr;
      d.x_pixel_stride = x.stride, d.y_pixel_stride = floats ? real.stride : y.stride;
      d.epilogue.scale = device_pointer<float>(gpu.upload(scale));
      d.epilogue.inverse_scale = device_pointer<float>(gpu.upload(inverse));
      if (p.epilogue.residual != nullptr) {
        d.epilogue.residual = device_pointer<uint8_t>(residual.upload(gpu, true));
        d.epilogue.residual_pixel_stride = residual.stride;
      }
      return run_launch(gpu, depthwise_u8_launch(d), d);
    };
    if (floats) {
      expect_equal(real, work);
    } else {
      expect_equal(y, work);
    }
  }
}

}  // namespace
}  // namespace pawl::kernels::cuda
