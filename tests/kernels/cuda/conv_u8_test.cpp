// Proves: the u8 convolution on tensor cores gives the same bits as the scalar specification, on
// random ragged shapes with every epilogue, for every tile shape, in lockstep and in random orders of
// warps and CTAs; without a race, a read of what nobody wrote or a byte outside its operands; and
// that its shared memory has no bank conflicts.
#include "kernels/cuda/conv_u8.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "engine/runtime/cuda/device_code.h"
#include "kernels/cpu/conv_u8/variants.h"
#include "kernels/cuda/images.h"
#include "kernels/half.h"
#include "tests/kernels/conv_u8_problem.h"
#include "tests/softgpu/softgpu.h"

namespace pawl::kernels::cuda {
namespace {

using pawl::cuda::CUdeviceptr;
using pawl::cuda::CUfunction;
using softgpu::Option;
using softgpu::SoftGpu;

class ConvU8 : public testing::Test {
 protected:
  void SetUp() override {
    if (device_images().empty()) GTEST_SKIP() << "no CUDA toolkit when this was built";
  }
  static pawl::cuda::CUmodule load(const SoftGpu& gpu) {
    auto loaded = pawl::cuda::load_device_code(gpu.driver, 80, "conv_u8");
    EXPECT_TRUE(loaded.ok()) << loaded.error().message << ": " << softgpu::control().last_message();
    return loaded.ok() ? loaded.value() : nullptr;
  }
};

int32_t rounded_up(int32_t value, int32_t to) {
  return (value + to - 1) / to * to;
}

// Operands of the host on the device, pixel by pixel: the gaps between them were never written.
template <typename T>
CUdeviceptr upload_pixels(const SoftGpu& gpu, const T* from, int64_t pixels, int32_t channels,
                          int32_t from_stride, int32_t stride) {
  const CUdeviceptr address =
      gpu.allocate(static_cast<size_t>((pixels - 1) * stride + channels) * sizeof(T));
  for (int64_t i = 0; from != nullptr && i < pixels; ++i) {
    gpu.driver.cuMemcpyHtoD(address + static_cast<uint64_t>(i * stride) * sizeof(T),
                            from + i * from_stride, static_cast<size_t>(channels) * sizeof(T));
  }
  return address;
}
template <typename T>
const T* upload_channels(const SoftGpu& gpu, const T* from, int32_t channels) {
  std::vector<T> padded(static_cast<size_t>(rounded_up(channels, 8)));
  if (from != nullptr) std::copy(from, from + channels, padded.begin());
  return reinterpret_cast<const T*>(gpu.upload(padded));
}

// Runs the problem of the host's parameters on the device; what was wrong besides the numbers.
std::string run_on(const SoftGpu& gpu, CUfunction function, const ConvU8Variant& variant,
                   const ConvU8Params& host, const std::vector<int8_t>& weight) {
  const int64_t pixels = int64_t{host.OH} * host.OW;
  const int32_t x_stride = rounded_up(host.x_pixel_stride, 16),
                y_stride = rounded_up(host.y_pixel_stride, 8);
  ConvU8LaunchParams p{};
  p.IH = host.IH, p.IW = host.IW, p.IC = host.IC, p.OH = host.OH, p.OW = host.OW, p.OC = host.OC,
  p.KH = host.KH, p.KW = host.KW;
  p.stride_h = host.stride_h, p.stride_w = host.stride_w, p.pad_top = host.pad_top,
  p.pad_left = host.pad_left;
  p.dilation_h = host.dilation_h, p.dilation_w = host.dilation_w;
  p.x_pixel_stride = x_stride, p.y_pixel_stride = y_stride;
  p.x = reinterpret_cast<const uint8_t*>(upload_pixels(gpu, host.x, int64_t{host.IH} * host.IW,
                                                       host.IC, host.x_pixel_stride, x_stride));
  std::vector<int8_t> packed(packed_conv_u8_row_bytes(host.OC, host.IC, host.KH, host.KW),
                             int8_t{0x55});
  pack_conv_u8_rows(weight.data(), host.OC, host.IC, host.KH, host.KW, packed.data());
  p.weight = reinterpret_cast<const int8_t*>(gpu.upload(packed));
  p.bias = upload_channels(gpu, host.bias, host.OC);
  p.pad = reinterpret_cast<const uint8_t*>(gpu.upload(std::vector<uint8_t>(16, host.pad[0])));
  p.epilogue = host.epilogue;
  p.epilogue.scale = upload_channels(gpu, host.epilogue.scale, host.OC);
  p.epilogue.inverse_scale = upload_channels(gpu, host.epilogue.inverse_scale, host.OC);
  const bool in_place = host.epilogue.residual != nullptr && host.epilogue.residual == host.y;
  CUdeviceptr y = 0;
  if (host.y_float != nullptr) {
    y = upload_pixels<uint16_t>(gpu, nullptr, pixels, host.OC, 0, y_stride);
    p.y_half = reinterpret_cast<uint16_t*>(y);
  } else {
    y = upload_pixels<uint8_t>(gpu, in_place ? host.y : nullptr, pixels, host.OC,
                               host.y_pixel_stride, y_stride);
    p.y = reinterpret_cast<uint8_t*>(y);
  }
  if (host.epilogue.residual != nullptr) {
    const int32_t stride = in_place ? y_stride : rounded_up(host.epilogue.residual_pixel_stride, 8);
    p.epilogue.residual_pixel_stride = stride;
    p.epilogue.residual = in_place ? p.y
                                   : reinterpret_cast<const uint8_t*>(upload_pixels(
                                         gpu, host.epilogue.residual, pixels, host.OC,
                                         host.epilogue.residual_pixel_stride, stride));
  }
  const ConvU8Grid grid = conv_u8_grid(variant, p);
  void* parameters[] = {&p};
  auto result =
      gpu.driver.cuLaunchKernel(function, grid.x, grid.y, 1, static_cast<unsigned>(variant.threads),
                                1, 1, 0, nullptr, parameters, nullptr);
  if (result == pawl::cuda::CUDA_SUCCESS) result = gpu.driver.cuCtxSynchronize();
  if (result != pawl::cuda::CUDA_SUCCESS)
    return gpu.driver.check(result, "launch").error().message + gpu.findings();
  const size_t element = host.y_float != nullptr ? 2 : 1;
  std::vector<uint16_t> halves(static_cast<size_t>(host.OC));
  for (int64_t i = 0; i < pixels; ++i) {
    void* const row = host.y_float != nullptr ? static_cast<void*>(halves.data())
                                              : host.y + i * host.y_pixel_stride;
    gpu.driver.cuMemcpyDtoH(row, y + static_cast<uint64_t>(i * y_stride) * element,
                            static_cast<size_t>(host.OC) * element);
    for (size_t c = 0; host.y_float != nullptr && c < halves.size(); ++c) {
      host.y_float[i * host.y_pixel_stride + static_cast<int64_t>(c)] = half_value(halves[c]);
    }
  }
  const std::string findings = gpu.findings();
  // Unwritten still, as it should be; so these reads are findings, and do not count.
  const size_t gap = static_cast<size_t>(y_stride - host.OC) * element;
  std::vector<uint8_t> between(gap);
  for (int64_t i = 0; gap > 0 && i + 1 < pixels; ++i) {
    gpu.driver.cuMemcpyDtoH(between.data(),
                            y + static_cast<uint64_t>(i * y_stride + host.OC) * element, gap);
    for (const uint8_t byte : between) {
      if (byte != 0xCB) return "gap behind pixel " + std::to_string(i) + " was written";
    }
  }
  return findings;
}

TEST_F(ConvU8, SameBitsAsTheSpecification) {
  std::mt19937 random(31);
  for (int i = 0; i < 40;) {
    QuantizedShape shape = random_quantized_shape(random);
    shape.IC = pick(random, {1, 3, 8, 15, 16, 17, 32, 48, 70, 128});
    shape.OC = pick(random, {1, 7, 8, 20, 32, 33, 64, 72, 130});
    if (!shape.valid() ||
        int64_t{shape.OH()} * shape.OW() * shape.OC * shape.IC * shape.KH * shape.KW > 400000)
      continue;
    SoftGpu gpu;
    const auto module = load(gpu);
    ASSERT_NE(module, nullptr);
    ConvU8Problem problem(shape, static_cast<uint32_t>(i));
    const auto reference = problem.run(conv_u8_variants().back().run, 1);
    for (size_t p = 0; shape.float_output && p < static_cast<size_t>(problem.pixels()); ++p) {
      for (size_t c = 0; c < static_cast<size_t>(shape.OC); ++c) {
        float& value = reference->floats.at(p, c);
        value = half_value(half_bits(value));
      }
    }
    for (const ConvU8Variant& variant : kConvU8Variants) {
      for (const int64_t seed : {0, i + 1}) {
        const std::string what = std::string(variant.kernel) + " seed " + std::to_string(seed) +
                                 " shape " + shape.name();
        softgpu::control().set(Option::kSeed, seed);
        softgpu::control().clear_findings();
        std::string wrong;
        const auto y = problem.run([&](const ConvU8Params& p) {
          wrong = run_on(gpu, gpu.function(module, variant.kernel), variant, p, problem.weight());
        });
        ASSERT_EQ(wrong, "") << what;
        expect_equal(shape, *y, *reference, what);
        if (HasFatalFailure()) return;
      }
    }
    ++i;
  }
}

TEST_F(ConvU8, CountsOfALayer) {
  QuantizedShape shape{20, 20, 64, 64, 3, 3};
  shape.pad_top = shape.pad_left = shape.pad_bottom = shape.pad_right = 1;
  shape.activation = Activation::kSilu;
  SoftGpu gpu;
  const auto module = load(gpu);
  ASSERT_NE(module, nullptr);
  ConvU8Problem problem(shape, 1);
  for (const ConvU8Variant& variant : kConvU8Variants) {
    problem.run([&](const ConvU8Params& p) {
      EXPECT_EQ(run_on(gpu, gpu.function(module, variant.kernel), variant, p, problem.weight()),
                "");
    });
    softgpu::Counters c;
    ASSERT_TRUE(softgpu::control().counters(variant.kernel, &c));
    const int64_t tiles_m =
        (400 + variant.tile_pixels - 1) / variant.tile_pixels * variant.tile_pixels;
    const int64_t tiles_n =
        (64 + variant.tile_channels - 1) / variant.tile_channels * variant.tile_channels;
    EXPECT_EQ(c.multiply_adds, tiles_m * tiles_n * 64 * 9) << variant.kernel;
    EXPECT_EQ(c.bank_conflicts, 0) << variant.kernel;
    EXPECT_LE(static_cast<double>(c.global_sectors) / static_cast<double>(c.global_sectors_ideal),
              1.1)
        << variant.kernel;
  }
}

}  // namespace
}  // namespace pawl::kernels::cuda
