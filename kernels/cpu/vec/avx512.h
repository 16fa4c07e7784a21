// What the lanes.h algorithms are written in, on 16 floats (AVX-512 F, DQ). Include only from
// avx512.cpp; the anonymous namespace is there for the reason given in activation_avx512.h.
#pragma once

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

namespace pawl::kernels::cpu {
namespace {

constexpr int32_t kLanes = 16;
using Lanes = __m512;

struct DoubleLanes {
  __m512d low, high;
};

// The first n lanes, 0 <= n <= kLanes.
[[maybe_unused]] __mmask16 first_lanes(int32_t n) {
  return static_cast<__mmask16>((1U << static_cast<uint32_t>(n)) - 1U);
}
// The lanes of the next vector where `left` >= 0 elements are left.
[[maybe_unused]] __mmask16 lanes_left(int32_t left) {
  return left >= kLanes ? __mmask16{0xFFFF} : first_lanes(left);
}

[[maybe_unused]] Lanes load(const float* x) {
  return _mm512_loadu_ps(x);
}
[[maybe_unused]] void store(float* y, Lanes v) {
  _mm512_storeu_ps(y, v);
}
// Reads and writes n floats; the lanes past them are 0.
[[maybe_unused]] Lanes load_first(const float* x, int32_t n) {
  return _mm512_maskz_loadu_ps(first_lanes(n), x);
}
[[maybe_unused]] void store_first(float* y, Lanes v, int32_t n) {
  _mm512_mask_storeu_ps(y, first_lanes(n), v);
}

[[maybe_unused]] Lanes fill(float x) {
  return _mm512_set1_ps(x);
}
[[maybe_unused]] Lanes add(Lanes a, Lanes b) {
  return _mm512_add_ps(a, b);
}
[[maybe_unused]] Lanes subtract(Lanes a, Lanes b) {
  return _mm512_sub_ps(a, b);
}
[[maybe_unused]] Lanes multiply(Lanes a, Lanes b) {
  return _mm512_mul_ps(a, b);
}
[[maybe_unused]] Lanes divide(Lanes a, Lanes b) {
  return _mm512_div_ps(a, b);
}
[[maybe_unused]] Lanes minimum(Lanes a, Lanes b) {
  return _mm512_min_ps(a, b);
}
[[maybe_unused]] Lanes maximum(Lanes a, Lanes b) {
  return _mm512_max_ps(a, b);
}
// a * b + c
[[maybe_unused]] Lanes multiply_add(Lanes a, Lanes b, Lanes c) {
  return _mm512_fmadd_ps(a, b, c);
}

[[maybe_unused]] float largest_lane(Lanes v) {
  return _mm512_reduce_max_ps(v);
}
[[maybe_unused]] float sum_of_lanes(Lanes v) {
  return _mm512_reduce_add_ps(v);
}

[[maybe_unused]] DoubleLanes zero_doubles() {
  return {_mm512_setzero_pd(), _mm512_setzero_pd()};
}
[[maybe_unused]] DoubleLanes add(DoubleLanes sum, Lanes v) {
  return {_mm512_add_pd(sum.low, _mm512_cvtps_pd(_mm512_castps512_ps256(v))),
          _mm512_add_pd(sum.high, _mm512_cvtps_pd(_mm512_extractf32x8_ps(v, 1)))};
}
[[maybe_unused]] Lanes divide(DoubleLanes sum, double divisor) {
  const __m512d d = _mm512_set1_pd(divisor);
  const __m256 low = _mm512_cvtpd_ps(_mm512_div_pd(sum.low, d));
  const __m256 high = _mm512_cvtpd_ps(_mm512_div_pd(sum.high, d));
  return _mm512_insertf32x8(_mm512_castps256_ps512(low), high, 1);
}

[[maybe_unused]] Lanes gather(const float* x, const int32_t* index) {
  return _mm512_i32gather_ps(_mm512_loadu_si512(index), x, 4);
}

}  // namespace
}  // namespace pawl::kernels::cpu
