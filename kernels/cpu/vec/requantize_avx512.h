// The operations of requantize_scalar.h on 16 elements (AVX-512 F, BW, DQ, VL). Include only from
// avx512*.cpp compiled with -ffp-contract=off; the anonymous namespace is there for the reason
// given in activation_avx512.h.
//
// SiLU to u8 takes 14 vector instructions for 16 elements: convert, scale, magnitude, index, three
// permutations, two for the quadratic, maximum, sum, round, rebase, and one to pack.
#pragma once

#include <immintrin.h>

#include "kernels/cpu/vec/avx512.h"
#include "kernels/cpu/vec/rounding.h"
#include "kernels/cpu/vec/sigmoid_table.h"
#include "kernels/quantized.h"

namespace pawl::kernels::cpu {
namespace {

// Whether a value is never below -1/2, so that rounding needs no bound from below.
constexpr bool bounded_below(Activation kind) {
  return kind == Activation::kRelu || kind == Activation::kSigmoid || kind == Activation::kSilu ||
         kind == Activation::kHardSwish || kind == Activation::kHardSigmoid;
}

// The 32 segments of a table, 16 a register.
struct QuadraticVectors {
  __m512 c0[2], c1[2], c2[2];
};

[[maybe_unused, gnu::always_inline]] inline QuadraticVectors load_quadratics(const Quadratics& q) {
  return {{_mm512_load_ps(q.c0), _mm512_load_ps(q.c0 + kLanes)},
          {_mm512_load_ps(q.c1), _mm512_load_ps(q.c1 + kLanes)},
          {_mm512_load_ps(q.c2), _mm512_load_ps(q.c2 + kLanes)}};
}

[[maybe_unused, gnu::always_inline]] inline __m512 quadratic(const QuadraticVectors& q, __m512 x) {
  // The smaller magnitude, sign cleared.
  const __m512 a = _mm512_range_ps(x, _mm512_set1_ps(kMagnitudeMax), 0b1010);
  const __m512i i = _mm512_castps_si512(
      _mm512_fmadd_ps(a, _mm512_set1_ps(kSegmentsPerUnit), _mm512_set1_ps(kIndexMagic)));
  const __m512 c0 = _mm512_permutex2var_ps(q.c0[0], i, q.c0[1]);
  const __m512 c1 = _mm512_permutex2var_ps(q.c1[0], i, q.c1[1]);
  const __m512 c2 = _mm512_permutex2var_ps(q.c2[0], i, q.c2[1]);
  return _mm512_fmadd_ps(_mm512_fmadd_ps(c2, a, c1), a, c0);
}

[[maybe_unused, gnu::always_inline]] inline __m512 unit_clamp(__m512 x) {
  return _mm512_min_ps(_mm512_max_ps(x, _mm512_setzero_ps()), _mm512_set1_ps(1.0F));
}

// What one call of a store keeps in registers.
template <Activation kKind>
struct Requantizer {
  QuadraticVectors table;
  __m512 alpha, beta;
  __m512i rebase;  // bits of the magic number less the zero point

  [[gnu::always_inline]] explicit Requantizer(int32_t zero, const ActivationParams& params = {})
      : alpha(_mm512_set1_ps(params.alpha)),
        beta(_mm512_set1_ps(params.beta)),
        rebase(_mm512_set1_epi32(kRoundMagicBits - zero)) {
    if constexpr (kKind == Activation::kSilu) table = load_quadratics(kSiluGap);
    if constexpr (kKind == Activation::kSigmoid) table = load_quadratics(kSigmoidTail);
  }

  // max_ps and min_ps give their second operand where both are equal or one is a NaN.
  [[gnu::always_inline]] __m512 activate(__m512 x) const {
    const __m512 zero = _mm512_setzero_ps();
    if constexpr (kKind == Activation::kRelu) {
      return _mm512_max_ps(x, zero);
    } else if constexpr (kKind == Activation::kLeakyRelu) {
      return _mm512_mask_mul_ps(x, _mm512_cmp_ps_mask(x, zero, _CMP_LT_OQ), x, alpha);
    } else if constexpr (kKind == Activation::kSigmoid) {
      const __m512 tail = quadratic(table, x);
      const __mmask16 positive = _mm512_cmp_ps_mask(x, zero, _CMP_GT_OQ);
      return _mm512_mask_sub_ps(tail, positive, _mm512_set1_ps(1.0F), tail);
    } else if constexpr (kKind == Activation::kSilu) {
      return _mm512_add_ps(_mm512_max_ps(x, zero), quadratic(table, x));
    } else if constexpr (kKind == Activation::kHardSwish) {
      const __m512 gate = _mm512_fmadd_ps(x, _mm512_set1_ps(1.0F / 6.0F), _mm512_set1_ps(0.5F));
      return _mm512_mul_ps(x, unit_clamp(gate));
    } else if constexpr (kKind == Activation::kHardSigmoid) {
      return unit_clamp(_mm512_fmadd_ps(x, alpha, beta));
    } else if constexpr (kKind == Activation::kClip) {
      return _mm512_min_ps(_mm512_max_ps(x, alpha), beta);
    } else {
      return x;
    }
  }

  [[gnu::always_inline]] __m512 value(__m512i acc, __m512 scale) const {
    return activate(_mm512_mul_ps(_mm512_cvtepi32_ps(acc), scale));
  }

  // Not yet saturated.
  template <bool kBound>
  [[gnu::always_inline]] __m512i quantize(__m512 v, __m512 inverse_scale) const {
    __m512 sum = _mm512_fmadd_ps(v, inverse_scale, _mm512_set1_ps(kRoundMagic));
    if constexpr (kBound) sum = _mm512_max_ps(sum, _mm512_set1_ps(kRoundLowest));
    return _mm512_sub_epi32(_mm512_castps_si512(sum), rebase);
  }
};

// Four vectors saturated to bytes, 16 of each in order.
[[maybe_unused, gnu::always_inline]] inline __m512i pack_bytes(const __m512i (&v)[4]) {
  const __m512i low = _mm512_packs_epi32(v[0], v[1]);
  const __m512i high = _mm512_packs_epi32(v[2], v[3]);
  const __m512i bytes = _mm512_packus_epi16(low, high);
  // Lane j of 128 bits holds elements 4j to 4j+3 of each.
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  return _mm512_permutexvar_epi32(order, bytes);
}

}  // namespace
}  // namespace pawl::kernels::cpu
