// Activations on 8 floats (AVX2, FMA). Error as kernels/activation.h promises.
// Include only from avx2.cpp; the anonymous namespace is there for the reason given in
// activation_avx512.h.
#pragma once

#include <immintrin.h>

#include "kernels/activation.h"

namespace pawl::kernels::cpu {
namespace {

struct ActivationVectors {
  __m256 alpha, beta;
};

// 2^t, relative error 2e-7; t in [-126, 127]. Polynomial as in activation_avx512.h.
[[maybe_unused, gnu::always_inline]] inline __m256 exp2_vector(__m256 t) {
  const __m256 n = _mm256_round_ps(t, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const __m256 f = _mm256_sub_ps(t, n);
  __m256 p = _mm256_set1_ps(1.327647263e-3F);
  p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(9.675541343e-3F));
  p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(5.550713272e-2F));
  p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(2.402211972e-1F));
  p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(6.931469671e-1F));
  p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(1.000000072F));
  const __m256i power = _mm256_slli_epi32(_mm256_cvtps_epi32(n), 23);
  return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(p), power));
}

// 1/d, 3e-7 relative, d in [2^-125, 2^125]: table of 12 bits and one Newton step.
[[maybe_unused, gnu::always_inline]] inline __m256 reciprocal(__m256 d) {
  const __m256 r = _mm256_rcp_ps(d);
  const __m256 e = _mm256_fnmadd_ps(d, r, _mm256_set1_ps(1.0F));
  return _mm256_fmadd_ps(r, e, r);
}

// a where it lies in [low, high], else the nearer bound; NaN passes (second operand of max, min).
[[maybe_unused, gnu::always_inline]] inline __m256 clamp_vector(__m256 a, float low, float high) {
  return _mm256_min_ps(_mm256_set1_ps(high), _mm256_max_ps(_mm256_set1_ps(low), a));
}

constexpr float kLog2E = 1.44269504088896341F;

// Below -86 silu and sigmoid are 0 to any bound asked for; x is held there so that nothing
// overflows.
[[maybe_unused, gnu::always_inline]] inline __m256 sigmoid_held(__m256 x_held) {
  // The bound below is what exp2_vector takes.
  const __m256 t =
      _mm256_max_ps(_mm256_set1_ps(-125.0F), _mm256_mul_ps(x_held, _mm256_set1_ps(-kLog2E)));
  return reciprocal(_mm256_add_ps(_mm256_set1_ps(1.0F), exp2_vector(t)));
}

[[maybe_unused, gnu::always_inline]] inline __m256 sigmoid_vector(__m256 x) {
  return sigmoid_held(_mm256_max_ps(_mm256_set1_ps(-86.0F), x));
}

[[maybe_unused, gnu::always_inline]] inline __m256 silu_vector(__m256 x) {
  const __m256 held = _mm256_max_ps(_mm256_set1_ps(-86.0F), x);
  return _mm256_mul_ps(held, sigmoid_held(held));
}

[[maybe_unused, gnu::always_inline]] inline __m256 tanh_vector(__m256 x) {
  const __m256 s = sigmoid_vector(_mm256_add_ps(x, x));
  return _mm256_fmsub_ps(_mm256_set1_ps(2.0F), s, _mm256_set1_ps(1.0F));
}

// tanh(softplus(x)) = n / (n + 2) with n = e(e + 2), e = exp(x).
[[maybe_unused, gnu::always_inline]] inline __m256 mish_vector(__m256 x) {
  const __m256 held = _mm256_max_ps(_mm256_set1_ps(-80.0F), x);
  const __m256 t =
      _mm256_mul_ps(_mm256_min_ps(_mm256_set1_ps(25.0F), held), _mm256_set1_ps(kLog2E));
  const __m256 e = exp2_vector(t);
  const __m256 n = _mm256_fmadd_ps(e, e, _mm256_add_ps(e, e));
  const __m256 ratio = _mm256_mul_ps(n, reciprocal(_mm256_add_ps(n, _mm256_set1_ps(2.0F))));
  return _mm256_mul_ps(held, ratio);
}

// As in activation_avx512.h.
[[maybe_unused, gnu::always_inline]] inline __m256 gelu_vector(__m256 x) {
  const __m256 magnitude = _mm256_andnot_ps(_mm256_set1_ps(-0.0F), x);
  const __m256 a = _mm256_min_ps(_mm256_set1_ps(12.0F), magnitude);
  const __m256 k =
      reciprocal(_mm256_fmadd_ps(a, _mm256_set1_ps(0.2316418829F), _mm256_set1_ps(1.0F)));
  __m256 p = _mm256_set1_ps(0.5307027145F);
  p = _mm256_fmadd_ps(p, k, _mm256_set1_ps(-0.7265760135F));
  p = _mm256_fmadd_ps(p, k, _mm256_set1_ps(0.7107068705F));
  p = _mm256_fmadd_ps(p, k, _mm256_set1_ps(-0.1422483680F));
  p = _mm256_fmadd_ps(p, k, _mm256_set1_ps(0.1274147960F));
  const __m256 t = _mm256_mul_ps(_mm256_mul_ps(a, a), _mm256_set1_ps(-0.5F * kLog2E));
  const __m256 tail = _mm256_mul_ps(_mm256_mul_ps(p, k), exp2_vector(t));
  return _mm256_fnmadd_ps(a, tail, _mm256_max_ps(_mm256_setzero_ps(), x));
}

template <Activation kKind>
[[maybe_unused, gnu::always_inline]] inline __m256 activate(__m256 x, const ActivationVectors& c) {
  const __m256 zero = _mm256_setzero_ps();
  if constexpr (kKind == Activation::kRelu) {
    return _mm256_max_ps(zero, x);
  } else if constexpr (kKind == Activation::kLeakyRelu) {
    return _mm256_blendv_ps(x, _mm256_mul_ps(x, c.alpha), x);
  } else if constexpr (kKind == Activation::kSigmoid) {
    return sigmoid_vector(x);
  } else if constexpr (kKind == Activation::kSilu) {
    return silu_vector(x);
  } else if constexpr (kKind == Activation::kHardSwish) {
    const __m256 gate = _mm256_fmadd_ps(x, _mm256_set1_ps(1.0F / 6.0F), _mm256_set1_ps(0.5F));
    return _mm256_mul_ps(x, clamp_vector(gate, 0.0F, 1.0F));
  } else if constexpr (kKind == Activation::kHardSigmoid) {
    return clamp_vector(_mm256_fmadd_ps(x, c.alpha, c.beta), 0.0F, 1.0F);
  } else if constexpr (kKind == Activation::kTanh) {
    return tanh_vector(x);
  } else if constexpr (kKind == Activation::kMish) {
    return mish_vector(x);
  } else if constexpr (kKind == Activation::kGelu) {
    return gelu_vector(x);
  } else if constexpr (kKind == Activation::kClip) {
    return _mm256_min_ps(c.beta, _mm256_max_ps(c.alpha, x));
  } else {
    return x;
  }
}

}  // namespace
}  // namespace pawl::kernels::cpu
