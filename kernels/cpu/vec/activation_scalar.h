// Activations in double precision: the specification of kernels/activation.h. Slow.
// `static`, not `inline`: files of every instruction set may include it, and none may export it.
#pragma once

#include <cmath>

#include "kernels/activation.h"

namespace pawl::kernels::cpu {

[[maybe_unused]] static double clamp_scalar(double x, double low, double high) {
  return x < low ? low : (x > high ? high : x);
}

[[maybe_unused]] static double activate_scalar(double x, const ActivationParams& params) {
  const double alpha = static_cast<double>(params.alpha);
  const double beta = static_cast<double>(params.beta);
  switch (params.kind) {
    case Activation::kNone:
      return x;
    case Activation::kRelu:
      return x < 0.0 ? 0.0 : x;
    case Activation::kLeakyRelu:
      return x < 0.0 ? alpha * x : x;
    case Activation::kSigmoid:
      return 1.0 / (1.0 + std::exp(-x));
    case Activation::kSilu:
      return x / (1.0 + std::exp(-x));
    case Activation::kHardSwish:
      return x * clamp_scalar(x / 6.0 + 0.5, 0.0, 1.0);
    case Activation::kHardSigmoid:
      return clamp_scalar(alpha * x + beta, 0.0, 1.0);
    case Activation::kTanh:
      return std::tanh(x);
    case Activation::kMish:
      // softplus(x) is x to double precision above 40, where exp would go on to overflow.
      return x * std::tanh(x > 40.0 ? x : std::log1p(std::exp(x)));
    case Activation::kGelu:
      return x * 0.5 * (1.0 + std::erf(x * 0.70710678118654752440));
    case Activation::kClip:
      return clamp_scalar(x, alpha, beta);
  }
  return x;
}

}  // namespace pawl::kernels::cpu
