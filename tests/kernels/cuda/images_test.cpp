// Proves: the float16 kernels that multiply no matrices (pooling, resize, pixelwise operations,
// padding, depthwise, attention) agree with the scalar specification on the same halves, on random
// ragged shapes, in lockstep and in random orders; touch nothing but their operands' channels and
// read nothing that nobody wrote.
#include "kernels/cuda/images.h"

#include <gtest/gtest.h>

#include "kernels/cpu/attention/variants.h"
#include "kernels/cpu/depthwise/variants.h"
#include "kernels/cpu/pixelwise/variants.h"
#include "kernels/cpu/pool/variants.h"
#include "kernels/cpu/resize/variants.h"
#include "kernels/cuda/attention.h"
#include "kernels/cuda/depthwise.h"
#include "kernels/cuda/pixelwise.h"
#include "kernels/cuda/pool.h"
#include "kernels/cuda/resize.h"
#include "tests/kernels/cuda/device_image.h"

namespace pawl::kernels::cuda {
namespace {

using softgpu::Option;
using softgpu::SoftGpu;

constexpr double kHalf = 0x1p-11;  // one rounding to float16
constexpr double kTiny = 0x1p-25;

class ImagesF16 : public testing::Test {
 protected:
  void SetUp() override {
    if (device_images().empty()) GTEST_SKIP() << "no CUDA toolkit when this was built";
  }

  int32_t pick(int32_t low, int32_t high) {
    return std::uniform_int_distribution<int32_t>(low, high)(random);
  }
  int32_t channels() {
    constexpr int32_t kOdd[] = {1, 2, 7, 8, 9, 16, 31, 40};
    return kOdd[pick(0, 7)];
  }
  int32_t gap() { return 8 * pick(0, 2); }
  HalfImage image(int64_t pixels, int32_t C) { return {pixels, C, gap(), &random}; }
  ActivationParams activation() { return {static_cast<Activation>(pick(0, 10)), 0.25F, 0.75F}; }

  // The same problem in lockstep and in a random order. `launch_with` takes the device addresses.
  template <typename LaunchWith>
  void expect_equal(const std::vector<const HalfImage*>& inputs, const HalfImage& y,
                    double relative, double absolute, const LaunchWith& launch_with) {
    for (const int64_t seed : {int64_t{0}, int64_t{pick(1, 1000)}}) {
      SoftGpu gpu({{Option::kSeed, seed}});
      std::vector<pawl::cuda::CUdeviceptr> addresses;
      for (const HalfImage* x : inputs) addresses.push_back(x->upload(gpu, true));
      const auto out = y.upload(gpu, false);
      ASSERT_EQ(launch_with(gpu, addresses, out), "") << "seed " << seed;
      ASSERT_EQ(y.compare(gpu, out, relative, absolute), "") << "seed " << seed;
    }
  }

  std::mt19937 random{11};
};

TEST_F(ImagesF16, Pool) {
  for (int i = 0; i < 24; ++i) {
    PoolParams p{};
    p.kind = i % 2 == 0 ? PoolKind::kMax : PoolKind::kAverage;
    p.count_padding = pick(0, 1) == 1;
    p.IH = pick(1, 9), p.IW = pick(1, 9), p.C = channels();
    p.KH = pick(1, 5), p.KW = pick(1, 5), p.stride_h = pick(1, 3), p.stride_w = pick(1, 3);
    p.pad_top = pick(0, p.KH), p.pad_left = pick(0, p.KW);
    p.dilation_h = pick(1, 2), p.dilation_w = pick(1, 2);
    p.OH = pick(1, 6), p.OW = pick(1, 6);
    const HalfImage x = image(int64_t{p.IH} * p.IW, p.C);
    HalfImage y = image(int64_t{p.OH} * p.OW, p.C);
    p.x_pixel_stride = p.y_pixel_stride = p.C;
    p.x = x.values.data(), p.y = y.values.data();
    pool_variants().back().run(p, 0, 1);
    const bool max = p.kind == PoolKind::kMax;
    expect_equal({&x}, y, max ? 0.0 : kHalf, max ? 0.0 : 1e-6,
                 [&](const SoftGpu& gpu, const auto& in, auto out) {
                   PoolF16Params d{!max,
                                   p.count_padding,
                                   p.IH,
                                   p.IW,
                                   p.C,
                                   p.OH,
                                   p.OW,
                                   p.KH,
                                   p.KW,
                                   p.stride_h,
                                   p.stride_w,
                                   p.pad_top,
                                   p.pad_left,
                                   p.dilation_h,
                                   p.dilation_w,
                                   x.stride,
                                   y.stride,
                                   device_pointer<uint16_t>(in[0]),
                                   device_pointer<uint16_t>(out)};
                   return run_launch(gpu, pool_f16_launch(d), d);
                 });
  }
}

TEST_F(ImagesF16, Resize) {
  for (int i = 0; i < 16; ++i) {
    ResizeParams p{};
    p.kind = i % 2 == 0 ? ResizeKind::kNearest : ResizeKind::kLinear;
    p.IH = pick(1, 7), p.IW = pick(1, 7), p.OH = pick(1, 11), p.OW = pick(1, 11), p.C = channels();
    std::vector<int32_t> index;
    std::vector<float> blend;
    for (int32_t o = 0; o < 2 * (p.OH + p.OW); ++o)
      index.push_back(pick(0, (o < 2 * p.OH ? p.IH : p.IW) - 1));
    for (int32_t o = 0; o < p.OH + p.OW; ++o)
      blend.push_back(static_cast<float>(pick(0, 64)) / 64.0F);
    const HalfImage x = image(int64_t{p.IH} * p.IW, p.C);
    HalfImage y = image(int64_t{p.OH} * p.OW, p.C);
    p.x_pixel_stride = p.y_pixel_stride = p.C;
    p.x = x.values.data(), p.y = y.values.data();
    p.row0 = index.data(), p.row1 = p.row0 + p.OH, p.col0 = p.row1 + p.OH, p.col1 = p.col0 + p.OW;
    p.row_t = blend.data(), p.col_t = p.row_t + p.OH;
    resize_variants().back().run(p, 0, 1);
    const bool linear = p.kind == ResizeKind::kLinear;
    expect_equal({&x}, y, linear ? kHalf : 0.0, linear ? 4e-6 : 0.0,
                 [&](const SoftGpu& gpu, const auto& in, auto out) {
                   const auto* indices = device_pointer<int32_t>(gpu.upload(index));
                   const auto* blends = device_pointer<float>(gpu.upload(blend));
                   ResizeF16Params d{linear,
                                     p.IH,
                                     p.IW,
                                     p.C,
                                     p.OH,
                                     p.OW,
                                     x.stride,
                                     y.stride,
                                     device_pointer<uint16_t>(in[0]),
                                     device_pointer<uint16_t>(out),
                                     indices,
                                     indices + p.OH,
                                     blends,
                                     indices + 2 * p.OH,
                                     indices + 2 * p.OH + p.OW,
                                     blends + p.OH};
                   return run_launch(gpu, resize_f16_launch(d), d);
                 });
  }
}

TEST_F(ImagesF16, UnaryAndBinary) {
  for (int i = 0; i < 33; ++i) {
    const int64_t P = pick(1, 40);
    const int32_t C = channels();
    const bool one_pixel = pick(0, 2) == 0;
    const HalfImage a = image(P, C), b = image(one_pixel ? 1 : P, C);
    HalfImage y = image(P, C);
    const ActivationParams end{static_cast<Activation>(i % 11), 0.25F, 0.75F};
    if (i < 11) {
      UnaryParams p{P, C, C, C, a.values.data(), y.values.data(), end};
      pixelwise_variants().back().unary(p, 0, 1);
      expect_equal({&a}, y, kHalf, 1e-5 + kTiny, [&](const SoftGpu& gpu, const auto& in, auto out) {
        p.x = device_pointer<float>(in[0]), p.y = device_pointer<float>(out);
        p.x_pixel_stride = a.stride, p.y_pixel_stride = y.stride;
        return run_launch(gpu, unary_f16_launch(p), p);
      });
      continue;
    }
    const auto op = static_cast<BinaryOp>(i % 6);
    BinaryParams p{
        P, C, op, C, one_pixel ? 0 : C, C, a.values.data(), b.values.data(), y.values.data(), end};
    pixelwise_variants().back().binary(p, 0, 1);
    // A quotient can be large: its activation's error is relative then.
    expect_equal({&a, &b}, y, kHalf + 2e-5, 2e-5,
                 [&](const SoftGpu& gpu, const auto& in, auto out) {
                   p.a = device_pointer<float>(in[0]), p.b = device_pointer<float>(in[1]);
                   p.y = device_pointer<float>(out);
                   p.a_pixel_stride = a.stride, p.y_pixel_stride = y.stride;
                   p.b_pixel_stride = one_pixel ? 0 : b.stride;
                   return run_launch(gpu, binary_f16_launch(p), p);
                 });
  }
}

TEST_F(ImagesF16, GatherFocusAndPad) {
  for (int i = 0; i < 12; ++i) {
    const int64_t P = pick(1, 30);
    const int32_t C = channels(), from = channels();
    const HalfImage x = image(P, from);
    HalfImage y = image(P, C);
    std::vector<int32_t> index;
    for (int32_t c = 0; c < C; ++c) index.push_back(pick(0, from - 1));
    GatherParams gather{P, C, from, C, x.values.data(), index.data(), y.values.data()};
    pixelwise_variants().back().gather(gather, 0, 1);
    expect_equal({&x}, y, 0.0, 0.0, [&](const SoftGpu& gpu, const auto& in, auto out) {
      gather.x = device_pointer<float>(in[0]), gather.y = device_pointer<float>(out);
      gather.index = device_pointer<int32_t>(gpu.upload(index));
      gather.x_pixel_stride = x.stride, gather.y_pixel_stride = y.stride;
      return run_launch(gpu, gather_f16_launch(gather), gather);
    });

    FocusParams focus{};
    focus.OH = pick(1, 5), focus.OW = pick(1, 5), focus.C = pick(1, 9);
    const int64_t pixels = int64_t{focus.OH} * focus.OW;
    const HalfImage wide = image(4 * pixels, focus.C);
    HalfImage deep = image(pixels, 4 * focus.C);
    for (int g = 0; g < 4; ++g) focus.dy[g] = pick(0, 1), focus.dx[g] = pick(0, 1);
    focus.x_pixel_stride = focus.C, focus.y_pixel_stride = 4 * focus.C;
    focus.x = wide.values.data(), focus.y = deep.values.data();
    pixelwise_variants().back().focus(focus, 0, 1);
    expect_equal({&wide}, deep, 0.0, 0.0, [&](const SoftGpu& gpu, const auto& in, auto out) {
      focus.x = device_pointer<float>(in[0]), focus.y = device_pointer<float>(out);
      focus.x_pixel_stride = wide.stride, focus.y_pixel_stride = deep.stride;
      return run_launch(gpu, focus_f16_launch(focus), focus);
    });

    PadParams<float> border{};
    border.IH = pick(1, 5), border.IW = pick(1, 5), border.C = C;
    border.pad_top = pick(0, 2), border.pad_left = pick(0, 2);
    border.OH = border.IH + border.pad_top + pick(0, 2);
    border.OW = border.IW + border.pad_left + pick(0, 2);
    border.value = 0.375F;
    const HalfImage inner = image(int64_t{border.IH} * border.IW, C);
    HalfImage outer = image(int64_t{border.OH} * border.OW, C);
    border.x_pixel_stride = border.y_pixel_stride = C;
    border.x = inner.values.data(), border.y = outer.values.data();
    pad(border, 0, 1);
    expect_equal({&inner}, outer, 0.0, 0.0, [&](const SoftGpu& gpu, const auto& in, auto out) {
      border.x = device_pointer<float>(in[0]), border.y = device_pointer<float>(out);
      border.x_pixel_stride = inner.stride, border.y_pixel_stride = outer.stride;
      return run_launch(gpu, pad_f16_launch(border), border);
    });
  }
}

TEST_F(ImagesF16, Depthwise) {
  for (int i = 0; i < 16; ++i) {
    DepthwiseParams p{};
    p.IH = pick(1, 9), p.IW = pick(1, 9);
    // Also more channels than a CTA takes, and more taps than it stages at once.
    p.C = i % 4 == 0 ? pick(60, 170) : channels();
    p.KH = pick(1, 7), p.KW = pick(1, 7), p.stride_h = pick(1, 2), p.stride_w = pick(1, 2);
    p.pad_top = pick(0, 3), p.pad_left = pick(0, 3);
    p.dilation_h = pick(1, 2), p.dilation_w = pick(1, 2);
    p.OH = pick(1, 7), p.OW = pick(1, 7);
    p.activation = activation();
    const HalfImage x = image(int64_t{p.IH} * p.IW, p.C);
    const HalfImage residual = image(int64_t{p.OH} * p.OW, p.C);
    HalfImage y = image(int64_t{p.OH} * p.OW, p.C);
    std::vector<float> weight(static_cast<size_t>(p.KH * p.KW * p.C));
    std::vector<float> bias(static_cast<size_t>(p.C));
    std::uniform_real_distribution<float> uniform(-0.5F, 0.5F);
    for (float& w : weight) w = uniform(random);
    for (float& b : bias) b = uniform(random);
    p.x_pixel_stride = p.y_pixel_stride = p.residual_pixel_stride = p.C;
    p.x = x.values.data(), p.weight = weight.data(), p.bias = bias.data(), p.y = y.values.data();
    p.residual = i % 2 == 0 ? residual.values.data() : nullptr;
    depthwise_variants().back().run(p, 0, 1);
    expect_equal({&x, &residual}, y, kHalf, 1e-4,
                 [&](const SoftGpu& gpu, const auto& in, auto out) {
                   DepthwiseParams d = p;
                   d.x = device_pointer<float>(in[0]), d.y = device_pointer<float>(out);
                   d.weight = device_pointer<float>(gpu.upload(weight));
                   d.bias = device_pointer<float>(gpu.upload(bias));
                   if (p.residual != nullptr) d.residual = device_pointer<float>(in[1]);
                   d.x_pixel_stride = x.stride, d.y_pixel_stride = y.stride;
                   d.residual_pixel_stride = residual.stride;
                   return run_launch(gpu, depthwise_f16_launch(d), d);
                 });
  }
}

TEST_F(ImagesF16, Attention) {
  for (int i = 0; i < 10; ++i) {
    AttentionParams p{};
    p.P = pick(1, 70), p.heads = pick(1, 3), p.D = pick(1, 33), p.VD = i == 0 ? 300 : pick(1, 65);
    p.q_offset = pick(0, 3), p.k_offset = p.q_offset + p.D, p.v_offset = p.k_offset + p.D;
    p.head_stride = 2 * p.D + p.VD + pick(0, 2);
    p.scale = 0.3F;
    const HalfImage x = image(p.P, p.head_stride * p.heads + p.q_offset);
    HalfImage y = image(p.P, p.heads * p.VD);
    p.x_pixel_stride = x.C, p.y_pixel_stride = y.C;
    p.x = x.values.data(), p.y = y.values.data();
    std::vector<float> scratch(attention_scratch_floats(p));
    p.scratch = scratch.data();
    attention_variants().back().run(p, 0, 1);
    expect_equal({&x}, y, kHalf, 4e-5 + kTiny, [&](const SoftGpu& gpu, const auto& in, auto out) {
      AttentionParams d = p;
      d.x = device_pointer<float>(in[0]), d.y = device_pointer<float>(out), d.scratch = nullptr;
      d.x_pixel_stride = x.stride, d.y_pixel_stride = y.stride;
      return run_launch(gpu, attention_f16_launch(d), d);
    });
  }
}

// A full map of whole channels: everything is fetched and stored in whole sectors.
TEST_F(ImagesF16, WholeSectors) {
  const HalfImage x(20 * 20, 64, 0, &random), y(20 * 20, 64, 0, &random);
  SoftGpu gpu;
  const auto in = x.upload(gpu, true), out = y.upload(gpu, false);
  UnaryParams p{400, 64, 64, 64, device_pointer<float>(in), device_pointer<float>(out), {}};
  ASSERT_EQ(run_launch(gpu, unary_f16_launch(p), p), "");
  softgpu::Counters c;
  ASSERT_TRUE(softgpu::control().counters("unary_f16", &c));
  EXPECT_EQ(c.global_sectors, c.global_sectors_ideal);
}

}  // namespace
}  // namespace pawl::kernels::cuda
