// What winograd_u8/lanes.h is written in, on 256 bits, but for add_products. Include only from
// winograd_u8/avx2.cpp and winograd_u8/avxvnni.cpp, after tile_store_u8_avx2.h.
#pragma once

#include <immintrin.h>
#include <stdint.h>

#include "kernels/cpu/vec/tile_store_u8_avx2.h"

namespace pawl::kernels::cpu {
namespace {

using Integers = __m256i;
constexpr int32_t kShorts = 16;

Integers load_pixels(const uint8_t* x) {
  return _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(x)));
}
Integers load_first_pixels(const uint8_t* x, int32_t n) {
  return _mm256_cvtepu8_epi16(load_bytes(x, n));
}
Integers fill16(int16_t x) {
  return _mm256_set1_epi16(x);
}
Integers add16(Integers a, Integers b) {
  return _mm256_add_epi16(a, b);
}
Integers subtract16(Integers a, Integers b) {
  return _mm256_sub_epi16(a, b);
}
Integers double16(Integers a) {
  return _mm256_add_epi16(a, a);
}
Integers quadruple16(Integers a) {
  return _mm256_slli_epi16(a, 2);
}

Integers load32(const int32_t* x) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x));
}
void store_words(int32_t* y, Integers v) {
  _mm256_store_si256(reinterpret_cast<__m256i*>(y), v);
}
Integers add32(Integers a, Integers b) {
  return _mm256_add_epi32(a, b);
}
Integers subtract32(Integers a, Integers b) {
  return _mm256_sub_epi32(a, b);
}
Integers double32(Integers a) {
  return _mm256_add_epi32(a, a);
}
Integers quadruple32(Integers a) {
  return _mm256_slli_epi32(a, 2);
}
Integers multiply32(Integers a, int32_t b) {
  return _mm256_mullo_epi32(a, _mm256_set1_epi32(b));
}
[[gnu::always_inline]] inline Integers shift_right32(Integers a, int32_t bits) {
  return _mm256_srai_epi32(a, bits);
}

Integers broadcast_word(const int32_t* x) {
  return _mm256_set1_epi32(*x);
}

}  // namespace
}  // namespace pawl::kernels::cpu
