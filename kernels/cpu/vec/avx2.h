// What the lanes.h algorithms are written in, on 8 floats (AVX2, FMA). Include only from
// avx2.cpp; the anonymous namespace is there for the reason given in activation_avx512.h.
#pragma once

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

namespace pawl::kernels::cpu {
namespace {

constexpr int32_t kLanes = 8;
using Lanes = __m256;

struct DoubleLanes {
  __m256d low, high;
};

// The first n >= 0 lanes, or all of them.
[[maybe_unused]] __m256i first_lanes(int32_t n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

[[maybe_unused]] Lanes load(const float* x) {
  return _mm256_loadu_ps(x);
}
[[maybe_unused]] void store(float* y, Lanes v) {
  _mm256_storeu_ps(y, v);
}
// Reads and writes n floats; the lanes past them are 0.
[[maybe_unused]] Lanes load_first(const float* x, int32_t n) {
  return _mm256_maskload_ps(x, first_lanes(n));
}
[[maybe_unused]] void store_first(float* y, Lanes v, int32_t n) {
  _mm256_maskstore_ps(y, first_lanes(n), v);
}

[[maybe_unused]] Lanes fill(float x) {
  return _mm256_set1_ps(x);
}
[[maybe_unused]] Lanes add(Lanes a, Lanes b) {
  return _mm256_add_ps(a, b);
}
[[maybe_unused]] Lanes subtract(Lanes a, Lanes b) {
  return _mm256_sub_ps(a, b);
}
[[maybe_unused]] Lanes multiply(Lanes a, Lanes b) {
  return _mm256_mul_ps(a, b);
}
[[maybe_unused]] Lanes divide(Lanes a, Lanes b) {
  return _mm256_div_ps(a, b);
}
[[maybe_unused]] Lanes minimum(Lanes a, Lanes b) {
  return _mm256_min_ps(a, b);
}
[[maybe_unused]] Lanes maximum(Lanes a, Lanes b) {
  return _mm256_max_ps(a, b);
}
// a * b + c
[[maybe_unused]] Lanes multiply_add(Lanes a, Lanes b, Lanes c) {
  return _mm256_fmadd_ps(a, b, c);
}

[[maybe_unused]] float largest_lane(Lanes v) {
  __m128 m = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  m = _mm_max_ps(m, _mm_movehl_ps(m, m));
  return _mm_cvtss_f32(_mm_max_ss(m, _mm_movehdup_ps(m)));
}
[[maybe_unused]] float sum_of_lanes(Lanes v) {
  __m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  s = _mm_add_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

[[maybe_unused]] DoubleLanes zero_doubles() {
  return {_mm256_setzero_pd(), _mm256_setzero_pd()};
}
[[maybe_unused]] DoubleLanes add(DoubleLanes sum, Lanes v) {
  return {_mm256_add_pd(sum.low, _mm256_cvtps_pd(_mm256_castps256_ps128(v))),
          _mm256_add_pd(sum.high, _mm256_cvtps_pd(_mm256_extractf128_ps(v, 1)))};
}
[[maybe_unused]] Lanes divide(DoubleLanes sum, double divisor) {
  const __m256d d = _mm256_set1_pd(divisor);
  return _mm256_set_m128(_mm256_cvtpd_ps(_mm256_div_pd(sum.high, d)),
                         _mm256_cvtpd_ps(_mm256_div_pd(sum.low, d)));
}

[[maybe_unused]] Lanes gather(const float* x, const int32_t* index) {
  return _mm256_i32gather_ps(x, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(index)), 4);
}

}  // namespace
}  // namespace pawl::kernels::cpu
