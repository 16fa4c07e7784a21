// Exact Winograd convolution, AVX-512 VNNI: products of 14 tiles x 2 panels, as
// winograd/avx512.cpp; vpdpwssd multiplies 32 pairs of 16-bit integers, half of what vpdpbusd does,
// for a quarter of the products.
#include <immintrin.h>

#include "kernels/cpu/vec/tile_store_u8_avx512.h"
#include "kernels/cpu/winograd_u8/entries.h"

namespace pawl::kernels::cpu {
namespace {

using Integers = __m512i;
constexpr int32_t kShorts = 32;

Integers load_pixels(const uint8_t* x) {
  return _mm512_cvtepu8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(x)));
}
Integers load_first_pixels(const uint8_t* x, int32_t n) {
  const __mmask32 mask = (1U << static_cast<uint32_t>(n)) - 1U;
  return _mm512_cvtepu8_epi16(_mm256_maskz_loadu_epi8(mask, x));
}
Integers fill16(int16_t x) {
  return _mm512_set1_epi16(x);
}
Integers add16(Integers a, Integers b) {
  return _mm512_add_epi16(a, b);
}
Integers subtract16(Integers a, Integers b) {
  return _mm512_sub_epi16(a, b);
}
Integers double16(Integers a) {
  return _mm512_add_epi16(a, a);
}
Integers quadruple16(Integers a) {
  return _mm512_slli_epi16(a, 2);
}

Integers load32(const int32_t* x) {
  return _mm512_loadu_si512(x);
}
void store_words(int32_t* y, Integers v) {
  _mm512_store_si512(y, v);
}
Integers add32(Integers a, Integers b) {
  return _mm512_add_epi32(a, b);
}
Integers subtract32(Integers a, Integers b) {
  return _mm512_sub_epi32(a, b);
}
Integers double32(Integers a) {
  return _mm512_add_epi32(a, a);
}
Integers quadruple32(Integers a) {
  return _mm512_slli_epi32(a, 2);
}
Integers multiply32(Integers a, int32_t b) {
  return _mm512_mullo_epi32(a, _mm512_set1_epi32(b));
}
[[gnu::always_inline]] inline Integers shift_right32(Integers a, int32_t bits) {
  return _mm512_srai_epi32(a, static_cast<unsigned>(bits));
}

Integers broadcast_word(const int32_t* x) {
  return _mm512_set1_epi32(*x);
}
Integers add_products(Integers sum, Integers a, Integers b) {
  return _mm512_dpwssd_epi32(sum, a, b);
}

}  // namespace
}  // namespace pawl::kernels::cpu

#include "kernels/cpu/winograd_u8/lanes.h"

namespace pawl::kernels::cpu {
namespace {

constexpr WinogradU8Microkernels kMicrokernels{.transform_window = transform_window,
                                               .products = kProducts14x2<>,
                                               .transform_output = transform_output,
                                               .store = kTileStoresU8};

}  // namespace

void winograd_u8_avx512vnni(const WinogradU8Params& params, int32_t part, int32_t parts) {
  winograd_u8_tiled(params, part, parts, kMicrokernels);
}

}  // namespace pawl::kernels::cpu
