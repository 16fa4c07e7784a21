// Exact Winograd convolution, AVX2: products of 6 tiles x 1 panel. Windows and weights are 16-bit
// integers already, so vpmaddwd takes them as they are: what the direct form must widen first.
#include <immintrin.h>

#include "kernels/cpu/tile_store_u8_avx2.h"
#include "kernels/cpu/winograd_u8.h"

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
Integers add_products(Integers sum, Integers a, Integers b) {
  return _mm256_add_epi32(sum, _mm256_madd_epi16(a, b));
}

}  // namespace
}  // namespace pawl::kernels::cpu

#include "kernels/cpu/winograd_u8_lanes.h"

namespace pawl::kernels::cpu {
namespace {

using ProductFn = void (*)(const TileProducts<int32_t>&);

constexpr ProductFn kOnePanel[] = {multiply_tiles<1, 1>, multiply_tiles<2, 1>,
                                   multiply_tiles<3, 1>, multiply_tiles<4, 1>,
                                   multiply_tiles<5, 1>, multiply_tiles<6, 1>};

constexpr WinogradU8Backend kBackend{
    .transform_window = transform_window,
    .products = {.kernels = {{kOnePanel, 6}, {nullptr, 0}, {nullptr, 0}},
                 .panels_preferred = 1,
                 .panels_max = 1},
    .transform_output = transform_output,
    .store = kTileStoresU8};

}  // namespace

void winograd_u8_avx2(const WinogradU8Params& params, int32_t part, int32_t parts) {
  winograd_u8_tiled(params, part, parts, kBackend);
}

}  // namespace pawl::kernels::cpu
