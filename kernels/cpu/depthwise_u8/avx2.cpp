// Depthwise u8 convolution, AVX2: two rows of the window to a vpmaddwd of 8 channels, both operands
// widened to 16 bits, which is exact.
#include <immintrin.h>

#include "kernels/cpu/depthwise_u8/entries.h"
#include "kernels/cpu/vec/tile_store_u8_avx2.h"

namespace pawl::kernels::cpu {
namespace {

constexpr int32_t kRowGroup = 2;

// Pairs of 16-bit values: channels 0 to 7, and 8 to 15.
struct Interleaved {
  __m256i low, high;
};
struct Sums {
  __m256i low, high;
};

[[gnu::always_inline]] inline __m128i load_row(const void* row) {
  return _mm_loadu_si128(static_cast<const __m128i*>(row));
}

[[gnu::always_inline]] inline Interleaved interleave(const uint8_t* const (&rows)[kRowGroup],
                                                     const ptrdiff_t (&step)[kRowGroup],
                                                     ptrdiff_t times) {
  const __m128i a = load_row(rows[0] + step[0] * times);
  const __m128i b = load_row(rows[1] + step[1] * times);
  return {_mm256_cvtepu8_epi16(_mm_unpacklo_epi8(a, b)),
          _mm256_cvtepu8_epi16(_mm_unpackhi_epi8(a, b))};
}

[[gnu::always_inline]] inline Interleaved interleave(const int8_t* const (&rows)[kRowGroup],
                                                     const ptrdiff_t (&step)[kRowGroup],
                                                     ptrdiff_t times) {
  const __m128i a = load_row(rows[0] + step[0] * times);
  const __m128i b = load_row(rows[1] + step[1] * times);
  return {_mm256_cvtepi8_epi16(_mm_unpacklo_epi8(a, b)),
          _mm256_cvtepi8_epi16(_mm_unpackhi_epi8(a, b))};
}

Sums load_sums(const int32_t* from) {
  return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)),
          _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + kLanes))};
}
void store_sums(int32_t* to, const Sums& sums) {
  _mm256_store_si256(reinterpret_cast<__m256i*>(to), sums.low);
  _mm256_store_si256(reinterpret_cast<__m256i*>(to + kLanes), sums.high);
}
[[gnu::always_inline]] inline void add_products(Sums& sums, const Interleaved& x,
                                                const Interleaved& weights) {
  sums.low = _mm256_add_epi32(sums.low, _mm256_madd_epi16(x.low, weights.low));
  sums.high = _mm256_add_epi32(sums.high, _mm256_madd_epi16(x.high, weights.high));
}

const int32_t* start_of(const DepthwiseU8Params& p, int32_t c, int32_t*) {
  return p.bias + c;
}

}  // namespace
}  // namespace pawl::kernels::cpu

// After the vectors it is written in.
#include "kernels/cpu/depthwise_u8/lanes.h"

namespace pawl::kernels::cpu {

void depthwise_u8_avx2(const DepthwiseU8Params& params, int32_t part, int32_t parts) {
  depthwise_u8_pixels(params, part, parts);
}

}  // namespace pawl::kernels::cpu
