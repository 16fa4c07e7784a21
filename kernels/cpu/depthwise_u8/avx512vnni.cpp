// Depthwise u8 convolution, AVX-512 VNNI: four rows of the window to a vpdpbusd. A 3x3 window takes
// three of them for 16 outputs and, at stride 1, one interleaving of 6 instructions.
#include <immintrin.h>

#include "kernels/cpu/depthwise_u8/entries.h"
#include "kernels/cpu/vec/tile_store_u8_avx512.h"

namespace pawl::kernels::cpu {
namespace {

constexpr int32_t kRowGroup = 4;
using Interleaved = __m512i;
using Sums = __m512i;

[[gnu::always_inline]] inline Interleaved interleave_bytes(__m128i a, __m128i b, __m128i c,
                                                           __m128i d) {
  __m512i rows = _mm512_castsi128_si512(a);
  rows = _mm512_inserti32x4(rows, b, 1);
  rows = _mm512_inserti32x4(rows, c, 2);
  rows = _mm512_inserti32x4(rows, d, 3);
  // Four channels of every row to a lane of 128 bits, then the bytes of a lane transposed.
  const __m512i lanes = _mm512_permutexvar_epi32(
      _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), rows);
  const __m128i transposed = _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  return _mm512_shuffle_epi8(lanes, _mm512_broadcast_i32x4(transposed));
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
  return interleave_bytes(row[0], row[1], row[2], row[3]);
}

Sums load_sums(const int32_t* from) {
  return _mm512_loadu_si512(from);
}
void store_sums(int32_t* to, Sums sums) {
  _mm512_store_si512(to, sums);
}
[[gnu::always_inline]] inline void add_products(Sums& sums, const Interleaved& x,
                                                const Interleaved& weights) {
  sums = _mm512_dpbusd_epi32(sums, x, weights);
}

const int32_t* start_of(const DepthwiseU8Params& p, int32_t c, int32_t*) {
  return p.bias + c;
}

}  // namespace
}  // namespace pawl::kernels::cpu

// After the vectors it is written in.
#include "kernels/cpu/depthwise_u8/lanes.h"

namespace pawl::kernels::cpu {

void depthwise_u8_avx512vnni(const DepthwiseU8Params& params, int32_t part, int32_t parts) {
  depthwise_u8_pixels(params, part, parts);
}

}  // namespace pawl::kernels::cpu
