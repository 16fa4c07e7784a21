// Proves how two tensors are compared: the errors by hand, infinities that agree count as nothing,
// what is not finite on one side only is said and not averaged away.
#include "apps/pawl/tensor_error.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace pawl::program {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

TEST(TensorErrorOf, NumbersByHand) {
  const std::vector<float> reference = {1.0F, -2.0F, 4.0F, 0.0F};
  const std::vector<float> x = {1.5F, -2.0F, 3.0F, 0.0F};
  const TensorError error = tensor_error(x, reference);
  EXPECT_DOUBLE_EQ(error.max_abs, 1.0);
  EXPECT_DOUBLE_EQ(error.mean_abs, 1.5 / 4.0);
  EXPECT_NEAR(error.sqnr_db, 10.0 * std::log10(21.0 / 1.25), 1e-9);
}

TEST(TensorErrorOf, InfinitiesThatAgreeCountAsNothing) {
  const std::vector<float> reference = {kInf, 3.0F, -kInf, 4.0F};
  const std::vector<float> x = {kInf, 3.0F, -kInf, 4.5F};
  const TensorError error = tensor_error(x, reference);
  EXPECT_DOUBLE_EQ(error.max_abs, 0.5);
  EXPECT_DOUBLE_EQ(error.mean_abs, 0.125);
  EXPECT_NEAR(error.sqnr_db, 10.0 * std::log10(25.0 / 0.25), 1e-9);
}

TEST(TensorErrorOf, WhatIsNotFiniteOnOneSideIsSaid) {
  const std::vector<std::pair<float, float>> pairs = {{kNan, 1.0F}, {1.0F, kNan},  {kNan, kNan},
                                                      {kInf, 1.0F}, {1.0F, -kInf}, {kInf, -kInf}};
  for (const auto& [x, reference] : pairs) {
    const TensorError error =
        tensor_error(std::vector<float>{2.0F, x}, std::vector<float>{2.5F, reference});
    EXPECT_TRUE(std::isnan(error.max_abs)) << x << " " << reference;
    EXPECT_TRUE(std::isnan(error.mean_abs)) << x << " " << reference;
    EXPECT_TRUE(std::isnan(error.sqnr_db)) << x << " " << reference;
  }
}

TEST(TensorErrorOf, EqualTensorsAreInfinitelyGood) {
  EXPECT_EQ(tensor_error(std::vector<float>{1.0F, kInf}, std::vector<float>{1.0F, kInf}).sqnr_db,
            std::numeric_limits<double>::infinity());
  EXPECT_EQ(tensor_error({}, {}).mean_abs, 0.0);
}

}  // namespace
}  // namespace pawl::program
