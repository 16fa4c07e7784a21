// Depthwise u8 convolution, AVX-VNNI: four rows of the window to a vpdpbusd of 8 channels.
#include <immintrin.h>

#include "kernels/cpu/depthwise_u8/entries.h"
#include "kernels/cpu/vec/tile_store_u8_avx2.h"

namespace pawl::kernels::cpu {
namespace {

constexpr int32_t kRowGroup = 4;

// Channels 0 to 7, and 8 to 15.
struct Interleaved {
  __m256i low, high;
};
struct Sums {
  __m256i low, high;
};

// Of four channels to a lane in the order of rows a, c, b, d: the bytes of the lane transposed.
[[gnu::always_inline]] inline __m256i transposed(__m256i quads) {
  const __m256i lanes = _mm256_permute4x64_epi64(quads, 0b11'01'10'00);
  return _mm256_shuffle_epi8(
      lanes, _mm256_setr_epi8(0, 8, 4, 12, 1, 9, 5, 13, 2, 10, 6, 14, 3, 11, 7, 15,  //
                              0, 8, 4, 12, 1, 9, 5, 13, 2, 10, 6, 14, 3, 11, 7, 15));
}

template <class Byte>
[[gnu::always_inline]] inline Interleaved interleave(const Byte* const (&rows)[kRowGroup],
                                                     const ptrdiff_t (&step)[kRowGroup],
                                                     ptrdiff_t times) {
  __m128i row[kRowGroup];
#pragma GCC unroll 4
  for (int32_t j = 0; j < kRowGroup; ++j) {
    row[j] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(rows[j] + step[j] * times));
  }
  const __m256i ab = _mm256_set_m128i(row[1], row[0]);
  const __m256i cd = _mm256_set_m128i(row[3], row[2]);
  return {transposed(_mm256_unpacklo_epi32(ab, cd)), transposed(_mm256_unpackhi_epi32(ab, cd))};
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
  sums.low = _mm256_dpbusd_avx_epi32(sums.low, x.low, weights.low);
  sums.high = _mm256_dpbusd_avx_epi32(sums.high, x.high, weights.high);
}

const int32_t* start_of(const DepthwiseU8Params& p, int32_t c, int32_t*) {
  return p.bias + c;
}

}  // namespace
}  // namespace pawl::kernels::cpu

// After the vectors it is written in.
#include "kernels/cpu/depthwise_u8/lanes.h"

namespace pawl::kernels::cpu {

void depthwise_u8_avxvnni(const DepthwiseU8Params& params, int32_t part, int32_t parts) {
  depthwise_u8_pixels(params, part, parts);
}

}  // namespace pawl::kernels::cpu
