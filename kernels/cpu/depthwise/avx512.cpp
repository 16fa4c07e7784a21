// Depthwise convolution, AVX-512: 16 channels of P pixels at once, P accumulators.
#include <immintrin.h>

#include "kernels/cpu/depthwise/entries.h"
#include "kernels/cpu/depthwise/tiles.h"
#include "kernels/cpu/vec/tile_store_avx512.h"

namespace pawl::kernels::cpu {
namespace {

template <bool kMasked>
[[gnu::always_inline]] inline __m512 load_lanes(const float* data, __mmask16 mask) {
  if constexpr (kMasked) {
    return _mm512_maskz_loadu_ps(mask, data);
  } else {
    return _mm512_loadu_ps(data);
  }
}

// kColumns: taps of a row, 0: known only at run time. kMasked: only the lanes of `mask` exist.
template <int32_t P, int32_t kColumns, bool kMasked>
void sum_lanes(const DepthwiseSum& s, int32_t c, __mmask16 mask) {
  const int32_t columns = kColumns > 0 ? kColumns : s.columns;
  __m512 acc[P];
  acc[0] = load_lanes<kMasked>(s.bias + c, mask);
#pragma GCC unroll 8
  for (int32_t i = 1; i < P; ++i) acc[i] = acc[0];
  for (int32_t row = 0; row < s.rows; ++row) {
    const float* x = s.x + row * s.x_row_step + c;
    const float* weight = s.weight + row * s.weight_row_step + c;
#pragma GCC unroll 5
    for (int32_t column = 0; column < columns; ++column) {
      const __m512 w = load_lanes<kMasked>(weight, mask);
#pragma GCC unroll 8
      for (int32_t i = 0; i < P; ++i) {
        acc[i] = _mm512_fmadd_ps(load_lanes<kMasked>(x + i * s.pixel_step, mask), w, acc[i]);
      }
      x += s.x_tap_step;
      weight += s.weight_tap_step;
    }
  }
#pragma GCC unroll 8
  for (int32_t i = 0; i < P; ++i) {
    _mm512_store_ps(s.tile + i * kDepthwiseChannels + c, acc[i]);
  }
}

template <int32_t P, int32_t kColumns>
void sum_columns(const DepthwiseSum& s) {
  int32_t c = 0;
  for (; c + kLanes <= s.channels; c += kLanes) sum_lanes<P, kColumns, false>(s, c, 0);
  if (c < s.channels) {
    sum_lanes<P, kColumns, true>(s, c, static_cast<__mmask16>((1U << (s.channels - c)) - 1U));
  }
}

template <int32_t P>
void sum_pixels(const DepthwiseSum& s) {
  if (s.columns == 3) {
    sum_columns<P, 3>(s);
  } else if (s.columns == 5) {
    sum_columns<P, 5>(s);
  } else {
    sum_columns<P, 0>(s);
  }
}

constexpr DepthwiseMicrokernels kMicrokernels{.sum_8 = sum_pixels<8>,
                                              .sum_4 = sum_pixels<4>,
                                              .sum_2 = sum_pixels<2>,
                                              .sum_1 = sum_pixels<1>,
                                              .store = kTileStores};

}  // namespace

void depthwise_avx512(const DepthwiseParams& params, int32_t part, int32_t parts) {
  depthwise_tiled(params, part, parts, kMicrokernels);
}

}  // namespace pawl::kernels::cpu
