// Proves: a detector's head on the device, as the CUDA compiler made it and the real loader loads
// it, finds what engine::Decoder finds in the same maps: as many, in the same order, of the same
// classes, scores and boxes within the contract's bounds; in lockstep and in random orders of warps
// and CTAs; without a race, a read of what nobody wrote or a byte outside its operands.
#include <gtest/gtest.h>

#include <random>

#include "engine/runtime/cuda/device_code.h"
#include "kernels/cuda/images.h"
#include "tests/kernels/cuda/detect_cases.h"

namespace pawl::kernels::cuda {
namespace {

using engine::BoxCode;
using engine::DecodeOptions;
using engine::HeadSpec;
using softgpu::Option;
using softgpu::SoftGpu;

// Odd sizes: the last tile of a level is not full, and a level is smaller than one.
const std::vector<GridShape> kGrids = {
    {20, 13, 8.0F, 10.0F, 13.0F}, {10, 7, 16.0F, 30.0F, 61.0F}, {5, 4, 32.0F, 116.0F, 90.0F}};

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
        if (classes == 80) {
          EXPECT_EQ(problem.expected().empty(), share == 0.0F);
        }
        check(problem, std::to_string(classes) + " classes");
      }
    }
  }
}

TEST_F(Detect, RandomHeads) {
  std::mt19937 random(2);
  int64_t found = 0;
  for (int32_t i = 0; i < 250; ++i) {
    const DetectProblem problem = random_head(i, &random);
    softgpu::control().set(Option::kSeed, i % 3);
    ASSERT_EQ(problem.run(gpu_, candidates_, suppress_, 1 + i % 2), "") << "head " << i;
    found += static_cast<int64_t>(problem.expected().size());
  }
  EXPECT_GT(found, 250 * 10);
}

// More candidates than threads: sorted in device memory. Equal scores everywhere, then a few values,
// then all different; with and without a limit that cuts through them.
TEST_F(Detect, ManyCandidates) {
  std::mt19937 random(3);
  for (const int32_t values : {1, 5, 4000}) {
    for (const int32_t limit : {30000, 1500, 1024, 3}) {
      for (const bool multi_label : {false, true}) {
        const DetectProblem problem = many_candidates(values, limit, multi_label, &random);
        softgpu::control().set(Option::kSeed, limit % 3);
        ASSERT_EQ(problem.run(gpu_, candidates_, suppress_), "")
            << values << " values, at most " << limit;
      }
    }
  }
}

// As many as the sort in registers takes, one less and one more.
TEST_F(Detect, BetweenFewAndMany) {
  std::mt19937 random(4);
  for (const int32_t count : {1, 2, 31, 32, 33, 64, 65, 1023, 1024, 1025}) {
    check(exactly(count, &random), std::to_string(count));
  }
}

// More tiles than the second kernel has threads, with candidates in the first and the last.
TEST_F(Detect, ManyTiles) {
  for (const Memory memory : {Memory::kColumns, Memory::kRows}) {
    const DetectProblem problem = many_tiles(memory);
    EXPECT_GT(problem.expected().size(), 20U);
    ASSERT_EQ(problem.run(gpu_, candidates_, suppress_), "");
  }
}

// A scan fetches its maps once, in whole sectors, where they are aligned.
TEST_F(Detect, CountsOfAScan) {
  std::mt19937 random(5);
  for (const Memory memory : {Memory::kMaps, Memory::kColumns}) {
    SoftGpu gpu;
    auto candidates = pawl::cuda::load_device_code(gpu.driver, 80, "candidates");
    auto suppress = pawl::cuda::load_device_code(gpu.driver, 80, "suppress");
    ASSERT_TRUE(candidates.ok() && suppress.ok());
    const DetectProblem problem(yolov8(80), DecodeOptions{}, {{32, 32, 8.0F, 0.0F, 0.0F}}, memory,
                                true, sparse(&random, 0.0F));
    ASSERT_EQ(problem.run(gpu, gpu.function(candidates.value(), "candidates"),
                          gpu.function(suppress.value(), "suppress")),
              "");
    softgpu::Counters c;
    ASSERT_TRUE(softgpu::control().counters("candidates", &c));
    EXPECT_LE(static_cast<double>(c.global_sectors) / static_cast<double>(c.global_sectors_ideal),
              1.1);
    // 32 bytes each: the map, and what little a CTA reads of its level.
    EXPECT_LE(c.global_sectors, 1024 * 80 * 2 / 32 + 16 * 4 * 16);
    EXPECT_EQ(c.bank_conflicts, 0);
  }
}

}  // namespace
}  // namespace pawl::kernels::cuda
