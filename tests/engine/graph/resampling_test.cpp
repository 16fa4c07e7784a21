// Proves: the index arithmetic of Resize stays inside the input for any scale, is the identity at
// scale 1, and takes the documented side of a tie.
#include "engine/graph/resampling.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace pawl::engine {
namespace {

constexpr Coordinate kCoordinates[] = {Coordinate::kAsymmetric, Coordinate::kHalfPixel,
                                       Coordinate::kPytorchHalfPixel, Coordinate::kAlignCorners};
constexpr Nearest kNearests[] = {Nearest::kFloor, Nearest::kCeil, Nearest::kRoundPreferFloor,
                                 Nearest::kRoundPreferCeil};

TEST(Resampling, StaysInsideTheInput) {
  std::mt19937 random(7);
  std::uniform_int_distribution<int64_t> extent(1, 97);
  std::uniform_real_distribution<float> factor(0.01F, 40.0F);
  for (int round = 0; round < 300; ++round) {
    ResampledAxis axis{extent(random), extent(random), factor(random), Coordinate::kAsymmetric};
    for (const Coordinate coordinate : kCoordinates) {
      axis.coordinate = coordinate;
      for (int64_t x = 0; x < axis.out; ++x) {
        for (const Nearest nearest : kNearests) {
          const int64_t index = nearest_index(axis, nearest, x);
          ASSERT_GE(index, 0);
          ASSERT_LT(index, axis.in);
        }
        const LinearTap tap = linear_tap(axis, x);
        ASSERT_GE(tap.low, 0);
        ASSERT_LE(tap.low, tap.high);
        ASSERT_LT(tap.high, axis.in);
        ASSERT_GE(tap.weight, 0.0F);
        ASSERT_LT(tap.weight, 1.0F);
      }
    }
  }
}

TEST(Resampling, ScaleOneIsTheIdentity) {
  for (const Coordinate coordinate : kCoordinates) {
    const ResampledAxis axis{13, 13, 1.0F, coordinate};
    for (int64_t x = 0; x < 13; ++x) {
      for (const Nearest nearest : kNearests) EXPECT_EQ(nearest_index(axis, nearest, x), x);
      EXPECT_EQ(linear_tap(axis, x).low, x);
      EXPECT_EQ(linear_tap(axis, x).weight, 0.0F);
    }
  }
}

TEST(Resampling, TiesAndThirds) {
  const ResampledAxis doubled{3, 6, 2.0F, Coordinate::kAsymmetric};
  EXPECT_EQ(nearest_index(doubled, Nearest::kRoundPreferFloor, 1), 0);  // source 0.5
  EXPECT_EQ(nearest_index(doubled, Nearest::kRoundPreferCeil, 1), 1);
  EXPECT_EQ(nearest_index(doubled, Nearest::kCeil, 1), 1);
  // 1/3 in float32: every third pixel, exactly.
  const ResampledAxis third{30, 10, 1.0F / 3, Coordinate::kAsymmetric};
  for (int64_t x = 0; x < 10; ++x) EXPECT_EQ(nearest_index(third, Nearest::kFloor, x), 3 * x);
}

}  // namespace
}  // namespace pawl::engine
