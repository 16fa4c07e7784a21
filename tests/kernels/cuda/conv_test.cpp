// Proves: the float16 convolution, as the CUDA compiler made it and the real loader loads it, agrees
// with the scalar specification within the contract's bound on random ragged shapes, for every tile
// shape, in lockstep and in random orders of warps and CTAs; without a race, a read of what nobody
// wrote or a byte outside its operands; and that its shared memory has no bank conflicts.
#include "kernels/cuda/conv.h"

#include <gtest/gtest.h>

#include <random>

#include "engine/runtime/cuda/device_code.h"
#include "kernels/cuda/images.h"
#include "tests/kernels/cuda/conv_problem.h"

namespace pawl::kernels::cuda {
namespace {

using softgpu::Option;
using softgpu::SoftGpu;

class ConvF16 : public testing::Test {
 protected:
  void SetUp() override {
    if (device_images().empty()) GTEST_SKIP() << "no CUDA toolkit when this was built";
  }
  static pawl::cuda::CUmodule load(const SoftGpu& gpu) {
    auto loaded = pawl::cuda::load_device_code(gpu.driver, 80, "conv");
    EXPECT_TRUE(loaded.ok()) << loaded.error().message << ": " << softgpu::control().last_message();
    return loaded.ok() ? loaded.value() : nullptr;
  }
};

TEST_F(ConvF16, EqualsTheSpecification) {
  SoftGpu gpu;
  const auto module = load(gpu);
  ASSERT_NE(module, nullptr);
  std::mt19937 random(20);
  for (int i = 0; i < 60; ++i) {
    const ConvShape shape = random_conv_shape(random, 400000);
    const ConvProblem problem(shape, static_cast<uint32_t>(i));
    for (const ConvF16Variant& variant : kConvF16Variants) {
      for (const int64_t seed : {0, i + 1}) {
        softgpu::control().set(Option::kSeed, seed);
        ASSERT_EQ(problem.run(gpu, gpu.function(module, variant.kernel), variant), "")
            << variant.kernel << " seed " << seed << " shape " << shape.name();
      }
    }
  }
}

// The walk along K, tile borders and the channels' tails, one by one.
TEST_F(ConvF16, EdgesOfTiles) {
  SoftGpu gpu({{Option::kSeed, 3}});
  const auto module = load(gpu);
  ASSERT_NE(module, nullptr);
  for (const ConvF16Variant& variant : kConvF16Variants) {
    for (const int32_t pixels :
         {variant.tile_pixels - 1, variant.tile_pixels, variant.tile_pixels + 1}) {
      for (const int32_t OC :
           {variant.tile_channels - 1, variant.tile_channels, variant.tile_channels + 1}) {
        const ConvShape shape{1, pixels, 33, OC, 1, 1};
        ASSERT_EQ(ConvProblem(shape, 5).run(gpu, gpu.function(module, variant.kernel), variant), "")
            << variant.kernel << " " << shape.name();
      }
    }
    for (const int32_t IC : {8, 24, 32, 40, 96, 128, 160, 264}) {
      const ConvShape shape{3, 5, IC, 20, 1, 1};
      ASSERT_EQ(ConvProblem(shape, 6).run(gpu, gpu.function(module, variant.kernel), variant), "")
          << variant.kernel << " " << shape.name();
    }
  }
}

TEST_F(ConvF16, CountsOfALayer) {
  SoftGpu gpu;
  const auto module = load(gpu);
  ASSERT_NE(module, nullptr);
  const ConvShape shape{20, 20, 64, 64, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, Activation::kSilu};
  for (const ConvF16Variant& variant : kConvF16Variants) {
    ASSERT_EQ(ConvProblem(shape, 8).run(gpu, gpu.function(module, variant.kernel), variant), "")
        << variant.kernel;
    softgpu::Counters c;
    ASSERT_TRUE(softgpu::control().counters(variant.kernel, &c));
    const double tiles =
        static_cast<double>((400 + variant.tile_pixels - 1) / variant.tile_pixels *
                            variant.tile_pixels) /
        400.0 * ((64 + variant.tile_channels - 1) / variant.tile_channels * variant.tile_channels) /
        64.0;
    // Nothing but the tiles' own rims is multiplied in vain, and nothing is fetched in part.
    EXPECT_DOUBLE_EQ(static_cast<double>(c.multiply_adds) / static_cast<double>(shape.products()),
                     tiles)
        << variant.kernel;
    EXPECT_EQ(c.bank_conflicts, 0) << variant.kernel;
    EXPECT_LE(static_cast<double>(c.global_sectors) / static_cast<double>(c.global_sectors_ideal),
              1.1)
        << variant.kernel;
  }
}

}  // namespace
}  // namespace pawl::kernels::cuda
