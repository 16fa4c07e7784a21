// Proven here: every softmax variant, in every split, is the definition in double within the
// contract's bound and the same bits in all splits, along every axis, for awkward extents, scores
// far apart, infinities and NaN; nothing outside y is written.
#include "kernels/softmax.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "kernels/cpu/softmax/variants.h"
#include "tests/kernels/variants.h"

namespace pawl::kernels {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kGuard = -77.5F;
constexpr size_t kGuards = 32;

struct Extents {
  int64_t outer, axis, inner;
};

void check(const Extents& e, const std::vector<float>& x) {
  SCOPED_TRACE(testing::Message() << e.outer << "x" << e.axis << "x" << e.inner);
  const auto at = [&e](int64_t o, int64_t i, int64_t n) {
    return static_cast<size_t>((o * e.axis + i) * e.inner + n);
  };
  for (const SoftmaxVariant& variant : runnable(softmax_variants())) {
    std::vector<float> whole;
    for (const int32_t parts : kSplits) {
      std::vector<float> y(x.size() + 2 * kGuards, kGuard);
      std::fill_n(y.begin() + kGuards, x.size(), kNaN);
      run_parts(variant.run, SoftmaxParams{e.outer, e.axis, e.inner, x.data(), &y[kGuards]}, parts);
      for (size_t i = 0; i < kGuards; ++i) {
        ASSERT_EQ(y[i], kGuard) << variant.name;
        ASSERT_EQ(y[x.size() + kGuards + i], kGuard) << variant.name;
      }
      y.erase(y.begin(), y.begin() + kGuards);
      y.resize(x.size());
      if (whole.empty()) whole = y;
      ASSERT_EQ(std::memcmp(whole.data(), y.data(), y.size() * sizeof(float)), 0)
          << variant.name << " in " << parts << " parts";
    }
    for (int64_t o = 0; o < e.outer; ++o) {
      for (int64_t n = 0; n < e.inner; ++n) {
        double largest = -HUGE_VAL;
        double sum = 0.0;
        for (int64_t i = 0; i < e.axis; ++i) {
          const auto score = static_cast<double>(x[at(o, i, n)]);
          if (score > largest) largest = score;  // GCC 12 for arm64 cannot compile std::fmax here
        }
        for (int64_t i = 0; i < e.axis; ++i) {
          sum += std::exp(static_cast<double>(x[at(o, i, n)]) - largest);
        }
        for (int64_t i = 0; i < e.axis; ++i) {
          const double below = largest - static_cast<double>(x[at(o, i, n)]);
          const double expected = std::exp(-below) / sum;
          const float got = whole[at(o, i, n)];
          if (std::isnan(expected)) {
            ASSERT_TRUE(std::isnan(got)) << variant.name << " " << got;
            continue;
          }
          const double bound =
              std::isinf(below) ? 1e-37 : 2e-6 * (1 + below / 8) * expected + 1e-37;
          ASSERT_NEAR(static_cast<double>(got), expected, bound)
              << variant.name << " " << o << "," << i << "," << n;
        }
      }
    }
  }
}

std::vector<float> scores(const Extents& e, std::mt19937* random, float spread) {
  std::normal_distribution<float> normal(0.0F, spread);
  std::vector<float> x(static_cast<size_t>(e.outer * e.axis * e.inner));
  for (float& value : x) value = normal(*random);
  return x;
}

constexpr Extents kExtents[] = {{1, 1, 1},  {5, 17, 1}, {3, 16, 1},   {2, 7, 1},    {2, 400, 1},
                                {1, 33, 1}, {1, 31, 1}, {1, 16, 200}, {3, 7, 65},   {2, 300, 3},
                                {4, 5, 16}, {2, 3, 15}, {1, 1, 19},   {1, 8400, 1}, {1, 259, 17}};

TEST(Softmax, AwkwardShapes) {
  std::mt19937 random(3);
  for (const Extents& e : kExtents) {
    for (const float spread : {0.1F, 3.0F, 40.0F}) check(e, scores(e, &random, spread));
  }
}

TEST(Softmax, EqualScoresShareEvenlyAndFarOnesVanish) {
  for (const SoftmaxVariant& variant : runnable(softmax_variants())) {
    const std::vector<float> x = {1000.0F, -1000.0F, 1000.0F, 912.0F};
    std::vector<float> y(4, kNaN);
    variant.run({1, 4, 1, x.data(), y.data()}, 0, 1);
    EXPECT_EQ(y[0], 0.5F) << variant.name;
    EXPECT_EQ(y[2], 0.5F) << variant.name;
    EXPECT_EQ(y[1], 0.0F) << variant.name;
    EXPECT_NEAR(y[3], std::exp(-88.0) / 2.0, 1e-37);
  }
}

// A mask of -inf, whole slices of it, +inf and NaN in every place of a vector and behind it.
TEST(Softmax, InfinitiesAndNaN) {
  std::mt19937 random(5);
  for (const Extents& e : kExtents) {
    for (const float odd : {-kInfinity, kInfinity, kNaN}) {
      std::vector<float> x = scores(e, &random, 2.0F);
      for (float& value : x) {
        if (random() % 11 == 0) value = odd;
      }
      check(e, x);
    }
    check(e, std::vector<float>(static_cast<size_t>(e.outer * e.axis * e.inner), -kInfinity));
  }
}

}  // namespace
}  // namespace pawl::kernels
