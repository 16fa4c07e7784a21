// Activations on 16 floats (AVX-512 F, DQ). Error as kernels/activation.h promises.
// Include only from avx512.cpp: the anonymous namespace keeps every copy inside its file, since a
// shared inline function would be a weak symbol that the linker may hand to baseline code.
#pragma once

#include <immintrin.h>

#include "kernels/activation.h"

namespace pawl::kernels::cpu {
namespace {

struct ActivationVectors {
  __m512 alpha, beta;
};

// 2^t, relative error 2e-7; t finite. Minimax polynomial of degree 5 on [-1/2, 1/2] (Remez).
[[maybe_unused, gnu::always_inline]] inline __m512 exp2_vector(__m512 t) {
  const __m512 n = _mm512_roundscale_ps(t, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const __m512 f = _mm512_sub_ps(t, n);
  __m512 p = _mm512_set1_ps(1.327647263e-3F);
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(9.675541343e-3F));
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(5.550713272e-2F));
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(2.402211972e-1F));
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(6.931469671e-1F));
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(1.000000072F));
  return _mm512_scalef_ps(p, n);
}

// 1/d, 1e-7 relative, d in [2^-126, 2^126]: table of 14 bits and one Newton step.
[[maybe_unused, gnu::always_inline]] inline __m512 reciprocal(__m512 d) {
  const __m512 r = _mm512_rcp14_ps(d);
  const __m512 e = _mm512_fnmadd_ps(d, r, _mm512_set1_ps(1.0F));
  return _mm512_fmadd_ps(r, e, r);
}

// a where it lies in [low, high], else the nearer bound; NaN passes (second operand of max, min).
[[maybe_unused, gnu::always_inline]] inline __m512 clamp_vector(__m512 a, float low, float high) {
  return _mm512_min_ps(_mm512_set1_ps(high), _mm512_max_ps(_mm512_set1_ps(low), a));
}

constexpr float kLog2E = 1.44269504088896341F;

// 2^(j/16).
alignas(64) constexpr float kExp2Sixteenths[16] = {
    1.0F,        1.04427378F, 1.09050773F, 1.13878863F, 1.18920712F, 1.24185781F,
    1.29683955F, 1.35425555F, 1.41421356F, 1.47682615F, 1.54221083F, 1.61049033F,
    1.68179283F, 1.75625216F, 1.83400809F, 1.91520656F,
};

// 1 + exp(-x), relative error 1e-6, |x| <= 87: exp(-x) = 2^(m + j/16) * 2^f with |f| <= 1/32.
// Adding kMagic rounds to sixteenths and leaves j in the low bits, where the permutation looks for
// it.
[[maybe_unused, gnu::always_inline]] inline __m512 one_plus_exp_minus(__m512 x) {
  const __m512 magic = _mm512_set1_ps(0x1.8p19F);
  const __m512 minus_log2e = _mm512_set1_ps(-kLog2E);
  const __m512 rounded = _mm512_fmadd_ps(x, minus_log2e, magic);
  const __m512 n = _mm512_sub_ps(rounded, magic);
  const __m512 f = _mm512_fmsub_ps(x, minus_log2e, n);
  // Degree 2 with the slope of the Chebyshev fit: a quarter of Taylor's error.
  __m512 p = _mm512_fmadd_ps(f, _mm512_set1_ps(0.240226507F), _mm512_set1_ps(0.693187834F));
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(1.0F));
  const __m512 table = _mm512_load_ps(kExp2Sixteenths);
  const __m512 power = _mm512_permutexvar_ps(_mm512_castps_si512(rounded), table);
  return _mm512_fmadd_ps(_mm512_scalef_ps(power, n), p, _mm512_set1_ps(1.0F));
}

// Beyond 87 either way sigmoid is 0 or 1 to any bound asked for; held there, nothing overflows.
[[maybe_unused, gnu::always_inline]] inline __m512 sigmoid_vector(__m512 x) {
  return reciprocal(one_plus_exp_minus(clamp_vector(x, -87.0F, 87.0F)));
}

[[maybe_unused, gnu::always_inline]] inline __m512 silu_vector(__m512 x) {
  // x itself is held from below, where sigmoid is not quite 0 and x may be huge.
  const __m512 held = _mm512_max_ps(_mm512_set1_ps(-87.0F), x);
  return _mm512_mul_ps(held, sigmoid_vector(held));
}

[[maybe_unused, gnu::always_inline]] inline __m512 tanh_vector(__m512 x) {
  const __m512 s = sigmoid_vector(_mm512_add_ps(x, x));
  return _mm512_fmsub_ps(_mm512_set1_ps(2.0F), s, _mm512_set1_ps(1.0F));
}

// tanh(softplus(x)) = n / (n + 2) with n = e(e + 2), e = exp(x).
[[maybe_unused, gnu::always_inline]] inline __m512 mish_vector(__m512 x) {
  const __m512 held = _mm512_max_ps(_mm512_set1_ps(-80.0F), x);
  const __m512 t =
      _mm512_mul_ps(_mm512_min_ps(_mm512_set1_ps(25.0F), held), _mm512_set1_ps(kLog2E));
  const __m512 e = exp2_vector(t);
  const __m512 n = _mm512_fmadd_ps(e, e, _mm512_add_ps(e, e));
  const __m512 ratio = _mm512_mul_ps(n, reciprocal(_mm512_add_ps(n, _mm512_set1_ps(2.0F))));
  return _mm512_mul_ps(held, ratio);
}

// x * Phi(x) = max(x, 0) - |x| * Phi(-|x|); Phi(-a) = poly(1/(1 + p a/sqrt 2)) exp(-a^2/2) / 2 by
// Abramowitz and Stegun 7.1.26, whose 1.5e-7 in erf is below 4e-7 once multiplied by |x|.
[[maybe_unused, gnu::always_inline]] inline __m512 gelu_vector(__m512 x) {
  const __m512 a = _mm512_min_ps(_mm512_set1_ps(12.0F), _mm512_abs_ps(x));
  const __m512 k =
      reciprocal(_mm512_fmadd_ps(a, _mm512_set1_ps(0.2316418829F), _mm512_set1_ps(1.0F)));
  __m512 p = _mm512_set1_ps(0.5307027145F);
  p = _mm512_fmadd_ps(p, k, _mm512_set1_ps(-0.7265760135F));
  p = _mm512_fmadd_ps(p, k, _mm512_set1_ps(0.7107068705F));
  p = _mm512_fmadd_ps(p, k, _mm512_set1_ps(-0.1422483680F));
  p = _mm512_fmadd_ps(p, k, _mm512_set1_ps(0.1274147960F));
  const __m512 t = _mm512_mul_ps(_mm512_mul_ps(a, a), _mm512_set1_ps(-0.5F * kLog2E));
  const __m512 tail = _mm512_mul_ps(_mm512_mul_ps(p, k), exp2_vector(t));
  return _mm512_fnmadd_ps(a, tail, _mm512_max_ps(_mm512_setzero_ps(), x));
}

template <Activation kKind>
[[maybe_unused, gnu::always_inline]] inline __m512 activate(__m512 x, const ActivationVectors& c) {
  const __m512 zero = _mm512_setzero_ps();
  if constexpr (kKind == Activation::kRelu) {
    return _mm512_max_ps(zero, x);
  } else if constexpr (kKind == Activation::kLeakyRelu) {
    return _mm512_mask_mul_ps(x, _mm512_cmp_ps_mask(x, zero, _CMP_LT_OQ), x, c.alpha);
  } else if constexpr (kKind == Activation::kSigmoid) {
    return sigmoid_vector(x);
  } else if constexpr (kKind == Activation::kSilu) {
    return silu_vector(x);
  } else if constexpr (kKind == Activation::kHardSwish) {
    const __m512 gate = _mm512_fmadd_ps(x, _mm512_set1_ps(1.0F / 6.0F), _mm512_set1_ps(0.5F));
    return _mm512_mul_ps(x, clamp_vector(gate, 0.0F, 1.0F));
  } else if constexpr (kKind == Activation::kHardSigmoid) {
    return clamp_vector(_mm512_fmadd_ps(x, c.alpha, c.beta), 0.0F, 1.0F);
  } else if constexpr (kKind == Activation::kTanh) {
    return tanh_vector(x);
  } else if constexpr (kKind == Activation::kMish) {
    return mish_vector(x);
  } else if constexpr (kKind == Activation::kGelu) {
    return gelu_vector(x);
  } else if constexpr (kKind == Activation::kClip) {
    return _mm512_min_ps(c.beta, _mm512_max_ps(c.alpha, x));
  } else {
    return x;
  }
}

}  // namespace
}  // namespace pawl::kernels::cpu
