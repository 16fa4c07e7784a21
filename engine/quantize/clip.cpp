#include "engine/quantize/clip.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace pawl::engine {
namespace {

using kernels::Quantization;

constexpr int kSteps = 32;               // clip bounds tried on either side
constexpr float kSmallest = 0.25F;       // of the range seen
constexpr float kSmallestRange = 1e-4F;  // less is a constant: scales stay above 2^-24

Quantization from_bounds(float low, float high) {
  const float scale = (high - low) / 255.0F;
  const auto zero = static_cast<int32_t>(std::lround(-low / scale));
  return {scale, std::clamp(zero, int32_t{0}, int32_t{255})};
}

// Sum over the histogram of count * (x - quantized x)^2; each bin counts at its centre.
double squared_error(const Histogram& histogram, const Quantization& q) {
  const double width = (double{histogram.high} - histogram.low) / kHistogramBins;
  const double inverse = 1.0 / q.scale;
  double error = 0.0;
  for (size_t i = 0; i < kHistogramBins; ++i) {
    if (histogram.count[i] == 0.0) continue;
    const double x = histogram.low + (static_cast<double>(i) + 0.5) * width;
    const double level = std::clamp(std::nearbyint(x * inverse) + q.zero, 0.0, 255.0);
    const double difference = x - (level - q.zero) * q.scale;
    error += histogram.count[i] * difference * difference;
  }
  return error;
}

}  // namespace

Quantization choose_activation(const Histogram& histogram) {
  const float low = std::min(histogram.low, 0.0F);
  const float high = std::max(histogram.high, 0.0F);
  if (!(high - low > kSmallestRange)) return {};
  Quantization best = from_bounds(low, high);
  double least = squared_error(histogram, best);
  // High ends first: tails of SiLU networks lie there. Then the low end for the high one found.
  float best_high = high;
  for (int i = 1; i <= kSteps; ++i) {
    const float clipped = high * (1.0F - (1.0F - kSmallest) * static_cast<float>(i) / kSteps);
    if (!(clipped - low > 0.0F)) break;
    const Quantization q = from_bounds(low, clipped);
    const double error = squared_error(histogram, q);
    if (error < least) {
      least = error;
      best = q;
      best_high = clipped;
    }
  }
  for (int i = 1; i <= kSteps; ++i) {
    const float clipped = low * (1.0F - (1.0F - kSmallest) * static_cast<float>(i) / kSteps);
    if (!(best_high - clipped > 0.0F)) break;
    const Quantization q = from_bounds(clipped, best_high);
    const double error = squared_error(histogram, q);
    if (error < least) {
      least = error;
      best = q;
    }
  }
  return best;
}

float choose_weight_scale(std::span<const float> weights) {
  float top = 0.0F;
  for (const float w : weights) top = std::max(top, std::abs(w));
  if (!(top > std::numeric_limits<float>::min() * 1024)) return 1.0F;
  float best = top / 127.0F;
  double least = std::numeric_limits<double>::max();
  for (int i = 0; i <= kSteps; ++i) {
    const float clip = top * (1.0F - 0.5F * static_cast<float>(i) / kSteps);
    const float scale = clip / 127.0F;
    double error = 0.0;
    for (const float w : weights) {
      const float level = std::clamp(std::nearbyint(w / scale), -127.0F, 127.0F);
      const double difference = double{w} - double{level} * scale;
      error += difference * difference;
    }
    if (error < least) {
      least = error;
      best = scale;
    }
  }
  return best;
}

void quantize_weights(std::span<const float> weights, float scale, std::span<int8_t> quantized) {
  for (size_t i = 0; i < weights.size(); ++i) {
    quantized[i] =
        static_cast<int8_t>(std::clamp(std::nearbyint(weights[i] / scale), -127.0F, 127.0F));
  }
}

}  // namespace pawl::engine
