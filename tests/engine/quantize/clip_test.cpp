// Proves: clip bounds have the least square error among the natural choices, zero is a level, the
// scale stays in the range that kernels promise, a bin stands for its centre, weights use the whole
// range and no more.
#include "engine/quantize/clip.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <random>
#include <vector>

namespace pawl::engine {
namespace {

Histogram histogram_of(const std::vector<float>& values) {
  Histogram h;
  for (const float v : values) {
    h.low = std::min(h.low, v);
    h.high = std::max(h.high, v);
  }
  for (const float v : values) {
    const double at = (double{v} - h.low) / (double{h.high} - h.low) * kHistogramBins;
    h.count[std::min<size_t>(static_cast<size_t>(at), kHistogramBins - 1)] += 1.0;
  }
  return h;
}

double squared_error(const std::vector<float>& values, const kernels::Quantization& q) {
  double error = 0.0;
  for (const float v : values) {
    const double level = std::clamp(std::nearbyint(double{v} / q.scale) + q.zero, 0.0, 255.0);
    const double d = v - (level - q.zero) * q.scale;
    error += d * d;
  }
  return error;
}

TEST(Clip, IsNearTheBestOfAFineGridOnHeavyTails) {
  std::mt19937 random(1);
  std::student_t_distribution<float> heavy(2.5F);
  std::vector<float> values(20000);
  for (float& v : values) v = heavy(random);
  const Histogram h = histogram_of(values);
  const auto bounded = [](float low, float high) {
    const float scale = (high - low) / 255.0F;
    return kernels::Quantization{scale, static_cast<int32_t>(std::lround(-low / scale))};
  };
  const double whole = squared_error(values, bounded(h.low, h.high));
  double best = whole;
  for (int i = 1; i <= 40; ++i) {
    for (int j = 1; j <= 40; ++j) {
      const float share_low = static_cast<float>(i) / 40.0F;
      const float share_high = static_cast<float>(j) / 40.0F;
      best = std::min(best, squared_error(values, bounded(h.low * share_low, h.high * share_high)));
    }
  }
  const double chosen = squared_error(values, choose_activation(h));
  ASSERT_LT(best, 0.95 * whole);  // clipping pays on this data
  EXPECT_LT(chosen, 1.1 * best);
}

TEST(Clip, ZeroIsALevelAndScalesAreBounded) {
  std::mt19937 random(2);
  for (int round = 0; round < 200; ++round) {
    std::uniform_real_distribution<float> end(-10.0F, 10.0F);
    const float a = end(random) * std::pow(10.0F, static_cast<float>(round % 9) - 4.0F);
    const float b = a + std::abs(end(random));
    std::uniform_real_distribution<float> uniform(a, std::nextafter(b, 1e30F));
    std::vector<float> values(500);
    for (float& v : values) v = uniform(random);
    const kernels::Quantization q = choose_activation(histogram_of(values));
    EXPECT_GE(q.zero, 0);
    EXPECT_LE(q.zero, 255);
    EXPECT_GE(q.scale, 0x1p-24F);
    EXPECT_TRUE(std::isfinite(q.scale));
  }
}

TEST(Clip, AConstantGivesScaleOne) {
  EXPECT_EQ(choose_activation(Histogram{}).scale, 1.0F);
  EXPECT_EQ(choose_weight_scale(std::vector<float>(9, 0.0F)), 1.0F);
}

TEST(Clip, BytesOfAnImageAreExact) {
  std::vector<float> values;
  for (int i = 0; i < 256; ++i) values.push_back(static_cast<float>(i));
  const kernels::Quantization q = choose_activation(histogram_of(values));
  EXPECT_EQ(q.zero, 0);
  EXPECT_NEAR(squared_error(values, q), 0.0, 1e-3);
}

// With one bin filled, the levels chosen are those that meet its centre best. A bin is as wide as a
// half to an eighth of a level: levels that meet another point of it are further off on average.
TEST(Clip, ABinStandsForItsCentre) {
  const auto mean_distance = [](double point) {
    double sum = 0.0;
    size_t bins = 0;
    for (size_t bin = 100; bin < kHistogramBins / 4; bin += 7, ++bins) {
      Histogram h;
      h.high = 1.0F;
      h.count[bin] = 1.0;
      const kernels::Quantization q = choose_activation(h);
      const double at = (static_cast<double>(bin) + point) / kHistogramBins / q.scale;
      sum += std::abs(at - std::nearbyint(at)) * q.scale * kHistogramBins;
    }
    return sum / static_cast<double>(bins);  // in widths of a bin
  };
  const double centre = mean_distance(0.5);
  EXPECT_LT(centre, 0.1);
  EXPECT_GT(mean_distance(0.0), 0.4);
  EXPECT_GT(mean_distance(1.0), 0.4);
}

// A weight that a smaller scale clips costs its distance from level -127, never from -128, which
// kernels do not take: here -128 would make the smaller scale the better one.
TEST(Clip, AScaleIsJudgedByLevelsFromMinus127) {
  const float whole = 1.0F / 127.0F;
  const float next = whole * 63.0F / 64.0F;  // -1 lies at level -129 of it
  std::vector<float> weights(9, 32.0F * next);
  weights.push_back(-1.0F);
  EXPECT_FLOAT_EQ(choose_weight_scale(weights), whole);
}

TEST(Clip, WeightsOutsideTheRangeAreItsEnds) {
  const float weights[] = {-9.0F, -2.0F, -1.28F, -1.27F, 1.27F, 1.28F, 9.0F};
  int8_t quantized[std::size(weights)];
  std::fill(std::begin(quantized), std::end(quantized), int8_t{-128});
  quantize_weights(weights, 0.01F, quantized);
  for (size_t i = 0; i < std::size(weights); ++i) {
    EXPECT_EQ(quantized[i], weights[i] < 0.0F ? -127 : 127) << weights[i];
  }
}

TEST(Clip, WeightsStayInRangeAndNearTheirValues) {
  std::mt19937 random(3);
  std::normal_distribution<float> normal(0.0F, 0.02F);
  std::vector<float> weights(577);
  for (float& w : weights) w = normal(random);
  const float scale = choose_weight_scale(weights);
  std::vector<int8_t> quantized(weights.size(), -128);
  quantize_weights(weights, scale, quantized);
  double signal = 0.0;
  double noise = 0.0;
  for (size_t i = 0; i < weights.size(); ++i) {
    EXPECT_GE(quantized[i], -127);
    const double d = weights[i] - double{scale} * quantized[i];
    signal += double{weights[i]} * weights[i];
    noise += d * d;
  }
  EXPECT_GT(10.0 * std::log10(signal / noise), 38.0);
}

}  // namespace
}  // namespace pawl::engine
