// Activations on 4 floats (Advanced SIMD). Error as kernels/activation.h promises.
// Include only from neon.cpp; the anonymous namespace is there for the reason given in
// activation_avx512.h. Minimum and maximum pass a NaN from either operand.
#pragma once

#include <arm_neon.h>

#include "kernels/activation.h"

namespace pawl::kernels::cpu {
namespace {

struct ActivationVectors {
  float32x4_t alpha, beta;
};

// 2^t, relative error 2e-7; t in [-126, 127]. Polynomial as in activation_avx512.h.
[[maybe_unused, gnu::always_inline]] inline float32x4_t exp2_vector(float32x4_t t) {
  const float32x4_t n = vrndnq_f32(t);
  const float32x4_t f = vsubq_f32(t, n);
  float32x4_t p = vdupq_n_f32(1.327647263e-3F);
  p = vfmaq_f32(vdupq_n_f32(9.675541343e-3F), p, f);
  p = vfmaq_f32(vdupq_n_f32(5.550713272e-2F), p, f);
  p = vfmaq_f32(vdupq_n_f32(2.402211972e-1F), p, f);
  p = vfmaq_f32(vdupq_n_f32(6.931469671e-1F), p, f);
  p = vfmaq_f32(vdupq_n_f32(1.000000072F), p, f);
  const int32x4_t power = vshlq_n_s32(vcvtq_s32_f32(n), 23);
  return vreinterpretq_f32_s32(vaddq_s32(vreinterpretq_s32_f32(p), power));
}

// 1/d, 2e-7 relative, d in [2^-125, 2^125]: table of 8 bits and two Newton steps.
[[maybe_unused, gnu::always_inline]] inline float32x4_t reciprocal(float32x4_t d) {
  float32x4_t r = vrecpeq_f32(d);
  r = vmulq_f32(r, vrecpsq_f32(d, r));
  return vmulq_f32(r, vrecpsq_f32(d, r));
}

// a where it lies in [low, high], else the nearer bound.
[[maybe_unused, gnu::always_inline]] inline float32x4_t clamp_vector(float32x4_t a, float low,
                                                                     float high) {
  return vminq_f32(vdupq_n_f32(high), vmaxq_f32(vdupq_n_f32(low), a));
}

constexpr float kLog2E = 1.44269504088896341F;

// Below -86 silu and sigmoid are 0 to any bound asked for; x is held there so that nothing
// overflows.
[[maybe_unused, gnu::always_inline]] inline float32x4_t sigmoid_held(float32x4_t x_held) {
  // The bound below is what exp2_vector takes.
  const float32x4_t t = vmaxq_f32(vdupq_n_f32(-125.0F), vmulq_f32(x_held, vdupq_n_f32(-kLog2E)));
  return reciprocal(vaddq_f32(vdupq_n_f32(1.0F), exp2_vector(t)));
}

[[maybe_unused, gnu::always_inline]] inline float32x4_t sigmoid_vector(float32x4_t x) {
  return sigmoid_held(vmaxq_f32(vdupq_n_f32(-86.0F), x));
}

[[maybe_unused, gnu::always_inline]] inline float32x4_t silu_vector(float32x4_t x) {
  const float32x4_t held = vmaxq_f32(vdupq_n_f32(-86.0F), x);
  return vmulq_f32(held, sigmoid_held(held));
}

[[maybe_unused, gnu::always_inline]] inline float32x4_t tanh_vector(float32x4_t x) {
  const float32x4_t s = sigmoid_vector(vaddq_f32(x, x));
  return vfmaq_f32(vdupq_n_f32(-1.0F), vdupq_n_f32(2.0F), s);
}

// tanh(softplus(x)) = n / (n + 2) with n = e(e + 2), e = exp(x).
[[maybe_unused, gnu::always_inline]] inline float32x4_t mish_vector(float32x4_t x) {
  const float32x4_t held = vmaxq_f32(vdupq_n_f32(-80.0F), x);
  const float32x4_t t = vmulq_f32(vminq_f32(vdupq_n_f32(25.0F), held), vdupq_n_f32(kLog2E));
  const float32x4_t e = exp2_vector(t);
  const float32x4_t n = vfmaq_f32(vaddq_f32(e, e), e, e);
  const float32x4_t ratio = vmulq_f32(n, reciprocal(vaddq_f32(n, vdupq_n_f32(2.0F))));
  return vmulq_f32(held, ratio);
}

// As in activation_avx512.h.
[[maybe_unused, gnu::always_inline]] inline float32x4_t gelu_vector(float32x4_t x) {
  const float32x4_t one = vdupq_n_f32(1.0F);
  const float32x4_t a = vminq_f32(vdupq_n_f32(12.0F), vabsq_f32(x));
  const float32x4_t k = reciprocal(vfmaq_f32(one, a, vdupq_n_f32(0.2316418829F)));
  float32x4_t p = vdupq_n_f32(0.5307027145F);
  p = vfmaq_f32(vdupq_n_f32(-0.7265760135F), p, k);
  p = vfmaq_f32(vdupq_n_f32(0.7107068705F), p, k);
  p = vfmaq_f32(vdupq_n_f32(-0.1422483680F), p, k);
  p = vfmaq_f32(vdupq_n_f32(0.1274147960F), p, k);
  const float32x4_t t = vmulq_f32(vmulq_f32(a, a), vdupq_n_f32(-0.5F * kLog2E));
  const float32x4_t tail = vmulq_f32(vmulq_f32(p, k), exp2_vector(t));
  return vfmsq_f32(vmaxq_f32(vdupq_n_f32(0.0F), x), a, tail);
}

template <Activation kKind>
[[maybe_unused, gnu::always_inline]] inline float32x4_t activate(float32x4_t x,
                                                                 const ActivationVectors& c) {
  if constexpr (kKind == Activation::kRelu) {
    return vmaxq_f32(vdupq_n_f32(0.0F), x);
  } else if constexpr (kKind == Activation::kLeakyRelu) {
    return vbslq_f32(vcltzq_f32(x), vmulq_f32(x, c.alpha), x);
  } else if constexpr (kKind == Activation::kSigmoid) {
    return sigmoid_vector(x);
  } else if constexpr (kKind == Activation::kSilu) {
    return silu_vector(x);
  } else if constexpr (kKind == Activation::kHardSwish) {
    const float32x4_t gate = vfmaq_f32(vdupq_n_f32(0.5F), x, vdupq_n_f32(1.0F / 6.0F));
    return vmulq_f32(x, clamp_vector(gate, 0.0F, 1.0F));
  } else if constexpr (kKind == Activation::kHardSigmoid) {
    return clamp_vector(vfmaq_f32(c.beta, x, c.alpha), 0.0F, 1.0F);
  } else if constexpr (kKind == Activation::kTanh) {
    return tanh_vector(x);
  } else if constexpr (kKind == Activation::kMish) {
    return mish_vector(x);
  } else if constexpr (kKind == Activation::kGelu) {
    return gelu_vector(x);
  } else if constexpr (kKind == Activation::kClip) {
    return vminq_f32(c.beta, vmaxq_f32(c.alpha, x));
  } else {
    return x;
  }
}

}  // namespace
}  // namespace pawl::kernels::cpu
