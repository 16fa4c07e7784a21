// Proves: every fused activation of every variant this CPU runs is within the bound of activation.h
// of its double-precision formula, over a sweep of all finite floats. A 1x1 convolution with weight
// 1 and bias 0 hands the activation exactly its input.
#include "kernels/activation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "kernels/conv.h"
#include "kernels/cpu/conv/variants.h"
#include "kernels/panel.h"
#include "tests/kernels/image_buffer.h"

namespace pawl::kernels {
namespace {

constexpr float kAlpha = 0.2F;
constexpr float kBeta = 0.6F;

double formula(Activation kind, double x) {
  const double alpha = static_cast<double>(kAlpha);
  const double beta = static_cast<double>(kBeta);
  const double sigmoid = 1.0 / (1.0 + std::exp(-x));
  switch (kind) {
    case Activation::kNone:
      return x;
    case Activation::kRelu:
      return std::max(x, 0.0);
    case Activation::kLeakyRelu:
      return x > 0.0 ? x : alpha * x;
    case Activation::kSigmoid:
      return sigmoid;
    case Activation::kSilu:
      return x * sigmoid;
    case Activation::kHardSwish:
      return x * std::clamp(x / 6.0 + 0.5, 0.0, 1.0);
    case Activation::kHardSigmoid:
      return std::clamp(alpha * x + beta, 0.0, 1.0);
    case Activation::kTanh:
      return std::tanh(x);
    case Activation::kMish:
      return x * std::tanh(x > 0.0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)));
    case Activation::kGelu:
      return x / 2.0 * std::erfc(-x / std::sqrt(2.0));
    case Activation::kClip:
      return std::clamp(x, alpha, beta);
  }
  return 0.0;
}

// Every 4099th float of either sign, and all of a fine grid where activations bend.
std::vector<float> sweep() {
  std::vector<float> values;
  for (uint32_t bits = 0; bits < 0x7F800000U; bits += 4099) {
    float value = 0.0F;
    std::memcpy(&value, &bits, sizeof(value));
    values.push_back(value);
    values.push_back(-value);
  }
  for (int32_t i = -100000; i <= 100000; ++i) values.push_back(static_cast<float>(i) * 1e-3F);
  values.push_back(3.4028235e38F);
  values.push_back(-3.4028235e38F);
  return values;
}

TEST(Activation, WithinBoundOfTheFormula) {
  const std::vector<float> x = sweep();
  const int32_t count = static_cast<int32_t>(x.size());
  AlignedFloats weight(packed_conv_floats(1, 1, 1, 1));
  const float one = 1.0F;
  pack_conv_weights(&one, 1, 1, 1, 1, weight.data());
  AlignedFloats bias(kPanelChannels);
  std::fill_n(bias.data(), bias.size(), 0.0F);
  const float zero = 0.0F;
  std::vector<float> y(x.size());

  for (const ConvVariant& variant : conv_variants()) {
    if (!usable(variant.isa)) continue;
    for (uint32_t kind = 0; kind <= 10; ++kind) {
      std::fill(y.begin(), y.end(), kNaN);
      ConvParams p{};
      p.IH = p.OH = 1;
      p.IW = p.OW = count;
      p.IC = p.OC = p.KH = p.KW = 1;
      p.stride_h = p.stride_w = p.dilation_h = p.dilation_w = 1;
      p.x_pixel_stride = p.y_pixel_stride = 1;
      p.x = x.data();
      p.weight = weight.data();
      p.bias = bias.data();
      p.zeros = &zero;
      p.y = y.data();
      p.activation = {static_cast<Activation>(kind), kAlpha, kBeta};
      variant.run(p, 0, 1);
      for (size_t i = 0; i < x.size(); ++i) {
        const double expected = formula(static_cast<Activation>(kind), static_cast<double>(x[i]));
        const double error = std::abs(static_cast<double>(y[i]) - expected);
        ASSERT_LE(error, 2e-6 * std::max(1.0, std::abs(expected)))
            << variant.name << " activation " << kind << " of " << x[i] << ": " << y[i]
            << ", formula " << expected;
      }
    }
  }
}

}  // namespace
}  // namespace pawl::kernels
