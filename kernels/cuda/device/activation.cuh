// Activations of kernels/activation.h in float32. Error against the formula, any finite x: 1e-5 *
// max(1, |value|).
#pragma once

#include "kernels/activation.h"

namespace pawl::kernels::cuda {

__device__ inline float sigmoid(float x) {
  return __fdividef(1.0F, 1.0F + __expf(-x));
}

// x * tanh(log(1 + e^x)), where tanh(log t) = (t^2 - 1) / (t^2 + 1); from 20 on it is x.
__device__ inline float mish(float x) {
  if (x > 20.0F) return x;
  const float e = __expf(x);
  const float t = e * (e + 2.0F);
  return x * __fdividef(t, t + 2.0F);
}

template <int kCount>
__device__ inline void activate(float (&v)[kCount], const ActivationParams& params) {
  // The branch is outside, the loop inside: every lane of the grid takes the same one.
  const auto each = [&](auto f) {
#pragma unroll
    for (int i = 0; i < kCount; ++i) v[i] = f(v[i]);
  };
  const float alpha = params.alpha, beta = params.beta;
  switch (params.kind) {
    case Activation::kNone:
      break;
    case Activation::kRelu:
      each([](float x) { return fmaxf(x, 0.0F); });
      break;
    case Activation::kLeakyRelu:
      each([=](float x) { return x < 0.0F ? x * alpha : x; });
      break;
    case Activation::kSigmoid:
      each([](float x) { return sigmoid(x); });
      break;
    case Activation::kSilu:
      each([](float x) { return x * sigmoid(x); });
      break;
    case Activation::kHardSwish:
      each([](float x) { return x * __saturatef(x / 6.0F + 0.5F); });
      break;
    case Activation::kHardSigmoid:
      each([=](float x) { return __saturatef(alpha * x + beta); });
      break;
    case Activation::kTanh:
      each([](float x) { return 2.0F * sigmoid(2.0F * x) - 1.0F; });
      break;
    case Activation::kMish:
      each([](float x) { return mish(x); });
      break;
    case Activation::kGelu:
      each([](float x) { return 0.5F * x * (1.0F + erff(x * 0.70710678F)); });
      break;
    case Activation::kClip:
      each([=](float x) { return fminf(fmaxf(x, alpha), beta); });
      break;
  }
}

}  // namespace pawl::kernels::cuda
