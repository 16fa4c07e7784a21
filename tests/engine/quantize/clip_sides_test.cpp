// Proves that either end of a range is clipped by what lies at that end: tails on one side only,
// tails on both, ranges that touch zero or not, each against a fine grid of all pairs of bounds.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "engine/quantize/clip.h"

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

double squared_error(const std::vector<float>& values, float low, float high) {
  const float scale = (high - low) / 255.0F;
  const double zero = std::clamp(std::nearbyint(-double{low} / scale), 0.0, 255.0);
  double error = 0.0;
  for (const float v : values) {
    const double level = std::clamp(std::nearbyint(double{v} / scale) + zero, 0.0, 255.0);
    const double d = v - (level - zero) * scale;
    error += d * d;
  }
  return error;
}

// Most values in [-body_low, body_high], a few out to the tails.
struct Shape {
  const char* name;
  float body_low, body_high, tail_low, tail_high;
  bool low_clips, high_clips;  // what the best bounds do
};

constexpr Shape kShapes[] = {
    {"a tail below", 1.0F, 1.0F, 1.7F, 1.0F, true, false},
    {"a tail above", 1.0F, 1.0F, 1.0F, 1.7F, false, true},
    {"a long tail below a small body", 0.5F, 2.0F, 1.4F, 2.0F, true, false},
    {"a long tail above a small body", 2.0F, 0.5F, 2.0F, 1.4F, false, true},
    {"tails on both sides", 1.0F, 1.0F, 1.7F, 1.7F, true, true},
    {"only below zero", 1.0F, 0.0F, 1.7F, 0.0F, true, false},
    {"only above zero", 0.0F, 1.0F, 0.0F, 1.7F, false, true},
    {"no tails", 1.0F, 0.3F, 1.0F, 0.3F, false, false},
};

TEST(ClipSides, EachEndIsClippedByItsOwnTail) {
  for (const Shape& shape : kShapes) {
    std::mt19937 random(7);
    std::uniform_real_distribution<float> body(-shape.body_low, shape.body_high);
    std::vector<float> values(200000);
    for (float& v : values) v = body(random);
    values[0] = -shape.tail_low;  // to lose one value costs less than the levels
    values[1] = shape.tail_high;
    const Histogram h = histogram_of(values);
    double best = squared_error(values, h.low, h.high);
    const double whole = best;
    for (int i = 10; i <= 20; ++i) {
      for (int j = 10; j <= 20; ++j) {
        best = std::min(best, squared_error(values, h.low * static_cast<float>(i) / 20.0F,
                                            h.high * static_cast<float>(j) / 20.0F));
      }
    }
    const kernels::Quantization q = choose_activation(h);
    const float low = -static_cast<float>(q.zero) * q.scale;
    const float high = static_cast<float>(255 - q.zero) * q.scale;
    EXPECT_LT(squared_error(values, low, high), 1.05 * best) << shape.name;
    if (shape.low_clips || shape.high_clips) {
      EXPECT_LT(best, 0.9 * whole) << shape.name << ": clipping does not pay";
    }
    EXPECT_EQ(low > 0.95F * h.low && h.low < 0.0F, shape.low_clips) << shape.name << " " << low;
    EXPECT_EQ(high < 0.95F * h.high && h.high > 0.0F, shape.high_clips)
        << shape.name << " " << high;
  }
}

// Mirrored values give mirrored bounds, but for the step by which zero is rounded.
TEST(ClipSides, AMirrorGivesTheMirroredErrors) {
  std::mt19937 random(9);
  std::student_t_distribution<float> heavy(3.0F);
  for (int round = 0; round < 8; ++round) {
    std::vector<float> values(4000);
    for (float& v : values) {
      v = heavy(random);
      v = v < 0.0F ? v * 0.2F : v;  // light below, heavy above
    }
    std::vector<float> mirrored = values;
    for (float& v : mirrored) v = -v;
    const auto error = [](const std::vector<float>& of) {
      const kernels::Quantization q = choose_activation(histogram_of(of));
      return squared_error(of, -static_cast<float>(q.zero) * q.scale,
                           static_cast<float>(255 - q.zero) * q.scale);
    };
    EXPECT_NEAR(error(mirrored) / error(values), 1.0, 0.06);
  }
}

// Weights: the largest is clipped where that pays, and never below half of it.
TEST(ClipSides, WeightScalesAreNearTheBest) {
  std::mt19937 random(3);
  for (const float tail : {1.0F, 1.5F, 3.0F, 20.0F}) {
    for (const float sign : {-1.0F, 1.0F}) {
      std::uniform_real_distribution<float> body(-1.0F, 1.0F);
      std::vector<float> weights(2000);
      for (float& w : weights) w = body(random);
      weights[11] = sign * tail;
      const auto error = [&](double scale) {
        double sum = 0.0;
        for (const float w : weights) {
          const double d = w - std::clamp(std::nearbyint(w / scale), -127.0, 127.0) * scale;
          sum += d * d;
        }
        return sum;
      };
      const double top = std::max(double{tail}, 1.0);
      double best = error(top / 127.0);
      for (int i = 50; i <= 100; ++i) best = std::min(best, error(top * i / 100.0 / 127.0));
      const float chosen = choose_weight_scale(weights);
      EXPECT_LT(error(double{chosen}), 1.03 * best) << "tail " << tail;
      EXPECT_GE(double{chosen}, 0.499 * top / 127.0);
      EXPECT_LE(double{chosen}, 1.001 * top / 127.0);
    }
  }
}

// Zero stays a byte, and the far end is reached.
TEST(ClipSides, RangesAwayFromZero) {
  Histogram above;
  above.low = 2.0F;
  above.high = 10.0F;
  above.count.fill(1.0);
  const kernels::Quantization positive = choose_activation(above);
  EXPECT_EQ(positive.zero, 0);
  EXPECT_NEAR(255.0F * positive.scale, 10.0F, 0.2F);
  Histogram below = above;
  below.low = -10.0F;
  below.high = -2.0F;
  const kernels::Quantization negative = choose_activation(below);
  EXPECT_EQ(negative.zero, 255);
  EXPECT_NEAR(255.0F * negative.scale, 10.0F, 0.2F);
}

}  // namespace
}  // namespace pawl::engine
