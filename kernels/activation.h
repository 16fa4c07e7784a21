// Activations that fuse into a kernel's epilogue. Values are frozen: artifacts store them.
#pragma once

#include <cstdint>

namespace pawl::kernels {

enum class Activation : uint8_t {
  kNone = 0,
  kRelu = 1,
  kLeakyRelu = 2,  // alpha
  kSigmoid = 3,
  kSilu = 4,         // x * sigmoid(x)
  kHardSwish = 5,    // x * clamp(x/6 + 1/2, 0, 1)
  kHardSigmoid = 6,  // clamp(alpha*x + beta, 0, 1)
  kTanh = 7,
  kMish = 8,   // x * tanh(softplus(x))
  kGelu = 9,   // x/2 * (1 + erf(x/sqrt 2))
  kClip = 10,  // clamp(x, alpha, beta)
};

// Error of a vectorised activation against the double-precision formula, any finite x:
//   |y - ref| <= 2e-6 * max(1, |ref|)
struct ActivationParams {
  Activation kind = Activation::kNone;
  float alpha = 0.0F;
  float beta = 0.0F;
};

}  // namespace pawl::kernels
