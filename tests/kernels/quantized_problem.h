// What tests of quantized convolutions share: the shape of a problem, and the epilogue of
// kernels/quantized.h in double precision.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <string>

#include "kernels/activation.h"
#include "kernels/quantized.h"
#include "tests/kernels/guarded_vector.h"

namespace pawl::kernels {

struct QuantizedShape {
  int32_t IH, IW, IC, OC, KH, KW;
  int32_t stride_h = 1, stride_w = 1;
  int32_t pad_top = 0, pad_left = 0, pad_bottom = 0, pad_right = 0;
  int32_t dilation_h = 1, dilation_w = 1;
  int32_t x_gap = 0, y_gap = 0;
  Activation activation = Activation::kNone;
  bool residual = false;
  bool in_place = false;  // residual == y
  bool float_output = false;
  int32_t x_zero = 128, y_zero = 100;

  int32_t OH() const {
    return (IH + pad_top + pad_bottom - (KH - 1) * dilation_h - 1) / stride_h + 1;
  }
  int32_t OW() const {
    return (IW + pad_left + pad_right - (KW - 1) * dilation_w - 1) / stride_w + 1;
  }
  bool valid() const {
    return IH + pad_top + pad_bottom > (KH - 1) * dilation_h &&
           IW + pad_left + pad_right > (KW - 1) * dilation_w;
  }
  std::string name() const {
    std::string text;
    for (const int32_t n : {IH,
                            IW,
                            IC,
                            OC,
                            KH,
                            KW,
                            stride_h,
                            stride_w,
                            pad_top,
                            pad_left,
                            pad_bottom,
                            pad_right,
                            dilation_h,
                            dilation_w,
                            x_gap,
                            y_gap,
                            static_cast<int32_t>(activation),
                            int32_t{residual},
                            int32_t{in_place},
                            int32_t{float_output},
                            x_zero,
                            y_zero}) {
      text += std::to_string(n) + ' ';
    }
    return text;
  }
};

template <size_t kCount>
int32_t pick(std::mt19937& engine, const int32_t (&values)[kCount]) {
  return values[engine() % kCount];
}

inline constexpr Activation kQuantizedActivations[] = {
    Activation::kNone, Activation::kRelu,      Activation::kLeakyRelu,   Activation::kSigmoid,
    Activation::kSilu, Activation::kHardSwish, Activation::kHardSigmoid, Activation::kClip};

// All but IC, OC. Spatial sizes, windows and everything else that goes wrong at an edge.
inline QuantizedShape random_quantized_shape(std::mt19937& engine) {
  constexpr int32_t kSizes[][2] = {{1, 1}, {1, 7}, {5, 3}, {13, 13}, {20, 20}, {33, 17}, {4, 40}};
  constexpr int32_t kKernels[][2] = {{1, 1}, {2, 2}, {3, 3}, {5, 5},
                                     {6, 6}, {7, 7}, {1, 3}, {3, 1}};
  const auto& size = kSizes[engine() % std::size(kSizes)];
  const auto& kernel = kKernels[engine() % std::size(kKernels)];
  QuantizedShape s{size[0], size[1], 1, 1, kernel[0], kernel[1]};
  s.stride_h = pick(engine, {1, 1, 2, 3});
  s.stride_w = engine() % 4 == 0 ? pick(engine, {1, 2}) : s.stride_h;
  s.pad_top = pick(engine, {0, 1, 2, 3});
  s.pad_left = pick(engine, {0, 1, 2, 3});
  s.pad_bottom = pick(engine, {0, 1, 2, 3});
  s.pad_right = pick(engine, {0, 1, 2, 3});
  s.dilation_h = pick(engine, {1, 1, 1, 2});
  s.dilation_w = pick(engine, {1, 1, 1, 2});
  s.x_gap = pick(engine, {0, 0, 1, 16, 37});
  s.y_gap = pick(engine, {0, 0, 1, 16, 37});
  s.activation = kQuantizedActivations[engine() % std::size(kQuantizedActivations)];
  s.float_output = engine() % 5 == 0;
  s.residual = engine() % 3 == 0;
  s.in_place = s.residual && !s.float_output && engine() % 2 == 0;
  s.x_zero = pick(engine, {0, 255, 128, 7});
  s.y_zero = pick(engine, {0, 255, 128, 33});
  return s;
}

inline double activate_double(double x, const ActivationParams& params) {
  const double alpha = static_cast<double>(params.alpha);
  const double beta = static_cast<double>(params.beta);
  switch (params.kind) {
    case Activation::kRelu:
      return std::max(x, 0.0);
    case Activation::kLeakyRelu:
      return x < 0.0 ? alpha * x : x;
    case Activation::kSigmoid:
      return 1.0 / (1.0 + std::exp(-x));
    case Activation::kSilu:
      return x / (1.0 + std::exp(-x));
    case Activation::kHardSwish:
      return x * std::clamp(x / 6.0 + 0.5, 0.0, 1.0);
    case Activation::kHardSigmoid:
      return std::clamp(alpha * x + beta, 0.0, 1.0);
    case Activation::kClip:
      return std::clamp(x, alpha, beta);
    default:
      return x;
  }
}

// A factor for each of `channels`; what pads them to `count` is a NaN that no output may show.
inline GuardedVector<float> random_inverse_scales(std::mt19937& engine, int32_t channels,
                                                  size_t count) {
  GuardedVector<float> factors(count, std::nanf(""));
  std::uniform_real_distribution<double> octave(-3.0, 3.0);
  for (size_t i = 0; i < static_cast<size_t>(channels); ++i) {
    factors[i] = static_cast<float>(std::exp2(octave(engine)) / 0.0173);
  }
  return factors;
}

// The real value of an output, and how far a float32 epilogue may be from it.
struct Expected {
  double value, tolerance;
};
inline Expected expected_value(int64_t acc, float scale, const uint8_t* residual,
                               const Epilogue& e) {
  double value = static_cast<double>(acc) * static_cast<double>(scale);
  double tolerance = 1e-6 * (1.0 + std::abs(value));
  value = activate_double(value, e.activation);
  const Activation kind = e.activation.kind;
  if (kind == Activation::kSilu || kind == Activation::kSigmoid) tolerance += 2e-4;
  if (residual != nullptr) {
    const double addend = static_cast<double>(int32_t{*residual} - e.residual_quantization.zero) *
                          static_cast<double>(e.residual_quantization.scale);
    value += addend;
    tolerance += 1e-6 * std::abs(addend);
  }
  return {value, tolerance};
}

// The u8 values that rounding may give for it: one, but beside a tie.
struct ByteRange {
  int64_t low, high;
};
inline ByteRange expected_bytes(const Expected& expected, float inverse_scale, int32_t zero) {
  const double inverse = static_cast<double>(inverse_scale);
  const double product = expected.value * inverse;
  const double tolerance = expected.tolerance * inverse + 1e-4;
  const auto quantized = [zero](double x) {
    return static_cast<int64_t>(std::clamp(std::nearbyint(x) + zero, 0.0, 255.0));
  };
  return {quantized(product - tolerance), quantized(product + tolerance)};
}

}  // namespace pawl::kernels
