// The operations of requantize_scalar.h on 8 elements (AVX2, FMA). Include only from avx2.cpp and
// avxvnni.cpp compiled with -ffp-contract=off; the anonymous namespace is there for the reason
// given in activation_avx512.h.
#pragma once

#include <immintrin.h>

#include "kernels/cpu/vec/avx2.h"
#include "kernels/cpu/vec/rounding.h"
#include "kernels/cpu/vec/sigmoid_table.h"
#include "kernels/quantized.h"

namespace pawl::kernels::cpu {
namespace {

// Where an index points in a table of 32: lane, and bits 3 and 4 as signs to blend by.
struct TableIndex {
  __m256i lane;
  __m256 bit_3, bit_4;
};

// Entries 0 to 15 of a table.
[[maybe_unused, gnu::always_inline]] inline __m256 look_up_half(const float* table,
                                                                const TableIndex& index) {
  return _mm256_blendv_ps(_mm256_permutevar8x32_ps(_mm256_load_ps(table), index.lane),
                          _mm256_permutevar8x32_ps(_mm256_load_ps(table + kLanes), index.lane),
                          index.bit_3);
}

// By permutations: a gather costs about the same at best, and many times that on CPUs whose
// microcode guards gathers against data sampling.
[[maybe_unused, gnu::always_inline]] inline __m256 look_up(const float* table,
                                                           const TableIndex& index) {
  return _mm256_blendv_ps(look_up_half(table, index), look_up_half(table + 2 * kLanes, index),
                          index.bit_4);
}

[[maybe_unused, gnu::always_inline]] inline __m256 quadratic(const Quadratics& q, __m256 x) {
  const __m256 magnitude = _mm256_andnot_ps(_mm256_set1_ps(-0.0F), x);
  const __m256 a = _mm256_min_ps(magnitude, _mm256_set1_ps(kMagnitudeMax));
  const __m256i i = _mm256_castps_si256(
      _mm256_fmadd_ps(a, _mm256_set1_ps(kSegmentsPerUnit), _mm256_set1_ps(kIndexMagic)));
  const TableIndex index{i, _mm256_castsi256_ps(_mm256_slli_epi32(i, 31 - 3)),
                         _mm256_castsi256_ps(_mm256_slli_epi32(i, 31 - 4))};
  // Rarely is one of eight numbers beyond the lower half of the table, which ends at 5.8.
  if (_mm256_testz_ps(index.bit_4, index.bit_4) != 0) {
    const __m256 slope = _mm256_fmadd_ps(look_up_half(q.c2, index), a, look_up_half(q.c1, index));
    return _mm256_fmadd_ps(slope, a, look_up_half(q.c0, index));
  }
  const __m256 c0 = look_up(q.c0, index);
  const __m256 c1 = look_up(q.c1, index);
  const __m256 c2 = look_up(q.c2, index);
  return _mm256_fmadd_ps(_mm256_fmadd_ps(c2, a, c1), a, c0);
}

[[maybe_unused, gnu::always_inline]] inline __m256 unit_clamp(__m256 x) {
  return _mm256_min_ps(_mm256_max_ps(x, _mm256_setzero_ps()), _mm256_set1_ps(1.0F));
}

// max_ps and min_ps give their second operand where both are equal or one is a NaN.
template <Activation kKind>
[[maybe_unused, gnu::always_inline]] inline __m256 activate_quantized(__m256 x, __m256 alpha,
                                                                      __m256 beta) {
  const __m256 zero = _mm256_setzero_ps();
  if constexpr (kKind == Activation::kRelu) {
    return _mm256_max_ps(x, zero);
  } else if constexpr (kKind == Activation::kLeakyRelu) {
    return _mm256_blendv_ps(x, _mm256_mul_ps(x, alpha), _mm256_cmp_ps(x, zero, _CMP_LT_OQ));
  } else if constexpr (kKind == Activation::kSigmoid) {
    const __m256 tail = quadratic(kSigmoidTail, x);
    return _mm256_blendv_ps(tail, _mm256_sub_ps(_mm256_set1_ps(1.0F), tail),
                            _mm256_cmp_ps(x, zero, _CMP_GT_OQ));
  } else if constexpr (kKind == Activation::kSilu) {
    return _mm256_add_ps(_mm256_max_ps(x, zero), quadratic(kSiluGap, x));
  } else if constexpr (kKind == Activation::kHardSwish) {
    const __m256 gate = _mm256_fmadd_ps(x, _mm256_set1_ps(1.0F / 6.0F), _mm256_set1_ps(0.5F));
    return _mm256_mul_ps(x, unit_clamp(gate));
  } else if constexpr (kKind == Activation::kHardSigmoid) {
    return unit_clamp(_mm256_fmadd_ps(x, alpha, beta));
  } else if constexpr (kKind == Activation::kClip) {
    return _mm256_min_ps(_mm256_max_ps(x, alpha), beta);
  } else {
    return x;
  }
}

// Not yet saturated; `rebase` is the magic number's bits less the zero point.
[[maybe_unused, gnu::always_inline]] inline __m256i quantize(__m256 v, __m256 inverse_scale,
                                                             __m256i rebase) {
  const __m256 sum = _mm256_fmadd_ps(v, inverse_scale, _mm256_set1_ps(kRoundMagic));
  const __m256 bounded = _mm256_max_ps(sum, _mm256_set1_ps(kRoundLowest));
  return _mm256_sub_epi32(_mm256_castps_si256(bounded), rebase);
}

// 16 elements saturated to bytes in order.
[[maybe_unused, gnu::always_inline]] inline __m128i pack_bytes(__m256i low, __m256i high) {
  const __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(low, high), 0b11'01'10'00);
  return _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
}

}  // namespace
}  // namespace pawl::kernels::cpu
