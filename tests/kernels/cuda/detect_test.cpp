// Proves: a detector's head on the device, as the CUDA compiler made it and the real loader loads
// it, finds what engine::Decoder finds in the same maps: as many, in the same order, of the same
// classes, scores and boxes within the contract's bounds; in lockstep and in random orders of warps
// and CTAs; without a race, a read of what nobody wrote or a byte outside its operands.
#include <gtest/gtest.h>

#include <random>

#include "engine/runtime/cuda/device_code.h"
#include "kernels/cuda/images.h"
#include "tests/kernels/cuda/detect_problem.h"

namespace pawl::kernels::cuda {
namespace {

using engine::BoxCode;
using engine::DecodeOptions;
using engine::HeadSpec;
using engine::OutputLayout;
using softgpu::Option;
using softgpu::SoftGpu;

// Odd sizes: the last tile of a level is not full, and a level is smaller than one.
const std::vector<GridShape> kGrids = {
    {20, 13, 8.0F, 10.0F, 13.0F}, {10, 7, 16.0F, 30.0F, 61.0F}, {5, 4, 32.0F, 116.0F, 90.0F}};

HeadSpec yolov8(int32_t classes) {
  HeadSpec spec;
  spec.layout = OutputLayout::kMaps;
  spec.box = BoxCode::kDfl;
  spec.bins = 16;
  spec.classes = classes;
  spec.scores_are_logits = true;
  return spec;
}

class Detect : public testing::Test {
 protected:
  void SetUp() override {
    if (device_images().empty()) GTEST_SKIP() << "no CUDA toolkit when this was built";
    candidates_ = function("candidates");
    suppress_ = function("suppress");
  }
  pawl::cuda::CUfunction function(const char* name) {
    auto loaded = pawl::cuda::load_device_code(gpu_.driver, 80, name);
    EXPECT_TRUE(loaded.ok()) << loaded.error().message << ": " << softgpu::control().last_message();
    return loaded.ok() ? gpu_.function(loaded.value(), name) : nullptr;
  }
  // In lockstep and in two random orders.
  void check(const DetectProblem& problem, const std::string& what) {
    for (const int64_t seed : {0, 1, 2}) {
      softgpu::control().set(Option::kSeed, seed);
      ASSERT_EQ(problem.run(gpu_, candidates_, suppress_), "") << what << " seed " << seed;
    }
  }

  SoftGpu gpu_;
  pawl::cuda::CUfunction candidates_ = nullptr, suppress_ = nullptr;
};

// Scores of a frame as networks give them: few pixels have any.
auto sparse(std::mt19937* random, float share) {
  return [random, share](char part, int32_t, int32_t, int32_t) {
    const auto uniform = [&](float low, float high) {
      return std::uniform_real_distribution<float>(low, high)(*random);
    };
    if (part == 'b') return uniform(-3.0F, 3.0F);
    return uniform(0.0F, 1.0F) < share ? uniform(-1.0F, 3.0F) : uniform(-9.0F, -3.0F);
  };
}

TEST_F(Detect, Yolov8) {
  std::mt19937 random(1);
  for (const bool half : {true, false}) {
    for (const int32_t classes : {1, 3, 80}) {
      for (const float share : {0.0F, 0.002F, 0.2F}) {
        const DetectProblem problem(yolov8(classes), DecodeOptions{}, kGrids, Memory::kMaps, half,
                                    sparse(&random, share));
        check(problem, std::to_string(classes) + " classes");
      }
    }
  }
}

}  // namespace
}  // namespace pawl::kernels::cuda
