// Dense u8 convolution, AVX2: micro-kernels of P pixels x 1 panel.
//
// Both operands are widened to 16 bits, since vpmaddubsw saturates at the sum of two products, and
// vpmaddwd adds pairs: a panel takes four ymm of 4 output channels x 2 partial sums, which are
// added up at the end. A group of 3 pixels costs 4 + 3 extensions and 12 multiplications with their
// additions: 31 instructions on three ports for 192 products, 18 a cycle, against the 16 of float.
#include <immintrin.h>

#include "kernels/cpu/conv_u8/entries.h"
#include "kernels/cpu/conv_u8/tiles.h"
#include "kernels/cpu/vec/tile_store_u8_avx2.h"
#include "kernels/panel.h"

namespace pawl::kernels::cpu {
namespace {

constexpr int32_t kQuarters = 4;
constexpr int32_t kQuarterBytes = 16;

// A group of input channels in 16 bits, for 4 output channels.
[[gnu::always_inline]] inline __m256i broadcast_group(const uint8_t* x) {
  float group = 0;  // four bytes in which GCC recognises a broadcasting load
  __builtin_memcpy(&group, x, sizeof(group));
  return _mm256_cvtepu8_epi16(_mm_castps_si128(_mm_set1_ps(group)));
}

template <int32_t P>
[[gnu::always_inline]] inline void add_group(const __m256i (&x)[P], const int8_t* weight,
                                             __m256i (&acc)[P][kQuarters]) {
#pragma GCC unroll 4
  for (int32_t q = 0; q < kQuarters; ++q) {
    const __m256i w = _mm256_cvtepi8_epi16(
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(weight + q * kQuarterBytes)));
#pragma GCC unroll 4
    for (int32_t i = 0; i < P; ++i) {
      acc[i][q] = _mm256_add_epi32(acc[i][q], _mm256_madd_epi16(x[i], w));
    }
  }
}

// Output channels 8h to 8h+7 of one pixel: their pairs added up.
[[gnu::always_inline]] inline __m256i half_panel(const __m256i (&acc)[kQuarters], int32_t h) {
  return _mm256_permute4x64_epi64(_mm256_hadd_epi32(acc[2 * h], acc[2 * h + 1]), 0b11'01'10'00);
}

template <int32_t P>
[[gnu::always_inline]] inline void end_sum(const TileSumU8& s, const __m256i (&acc)[P][kQuarters]) {
#pragma GCC unroll 4
  for (int32_t i = 0; i < P; ++i) {
    int32_t* tile = s.tile + i * kPanelChannels;
    const int32_t* begin = s.resume ? tile : s.bias;
#pragma GCC unroll 2
    for (int32_t h = 0; h < 2; ++h) {
      const __m256i from = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(begin + h * kLanes));
      _mm256_store_si256(reinterpret_cast<__m256i*>(tile + h * kLanes),
                         _mm256_add_epi32(from, half_panel(acc[i], h)));
    }
  }
}

template <int32_t P>
void sum_by_pointer(const TileSumU8& s) {
  __m256i acc[P][kQuarters] = {};
  const int8_t* weight = s.weight;
  const uint8_t* const* pointers = s.pointers;
  for (ptrdiff_t tap = s.tap_count; tap > 0; --tap, pointers += P) {
    for (ptrdiff_t k = 0; k < s.length * kConvU8Group; k += kConvU8Group, weight += kGroupBytes) {
      __m256i x[P];
#pragma GCC unroll 4
      for (int32_t i = 0; i < P; ++i) x[i] = broadcast_group(pointers[i] + k);
      add_group<P>(x, weight, acc);
    }
  }
  end_sum<P>(s, acc);
}

template <int32_t P>
void sum_by_stride(const TileSumU8& s) {
  __m256i acc[P][kQuarters] = {};
  const int8_t* weight = s.weight;
  for (ptrdiff_t tap = 0; tap < s.tap_count; ++tap) {
    const uint8_t* base = s.x + s.offsets[tap];
    for (ptrdiff_t g = s.length; g > 0; --g, weight += kGroupBytes, base += kConvU8Group) {
      __m256i x[P];
#pragma GCC unroll 4
      for (int32_t i = 0; i < P; ++i) x[i] = broadcast_group(base + i * s.pixel_step);
      add_group<P>(x, weight, acc);
    }
  }
  end_sum<P>(s, acc);
}

constexpr TileKernelU8 kKernels[] = {{3, 1, sum_by_pointer<3>, sum_by_stride<3>},
                                     {2, 1, sum_by_pointer<2>, nullptr},
                                     {1, 1, sum_by_pointer<1>, nullptr}};

constexpr ConvU8Microkernels kMicrokernels{.kernels = kKernels,
                                           .kernel_count = sizeof(kKernels) / sizeof(kKernels[0]),
                                           .panels_preferred = 1,
                                           .panels_max = 1,
                                           .store = kTileStoresU8};

}  // namespace

void conv_u8_avx2(const ConvU8Params& params, int32_t part, int32_t parts) {
  conv_u8_tiled(params, part, parts, kMicrokernels);
}

}  // namespace pawl::kernels::cpu
