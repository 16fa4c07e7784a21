// Depthwise convolution, AVX2 + FMA: 8 channels of P pixels at once, P accumulators.
#include <immintrin.h>

#include "kernels/cpu/depthwise.h"
#include "kernels/cpu/depthwise_tiles.h"
#include "kernels/cpu/tile_store_avx2.h"

namespace pawl::kernels::cpu {
namespace {

// kMasked: only the lanes of `mask` exist.
template <bool kMasked>
__m256 load_lanes(const float* data, __m256i mask) {
  if constexpr (kMasked) {
    return _mm256_maskload_ps(data, mask);
  } else {
    return _mm256_loadu_ps(data);
  }
}

template <int32_t P, bool kMasked>
void sum_lanes(const DepthwiseSum& s, int32_t c, __m256i mask) {
  __m256 acc[P];
  acc[0] = load_lanes<kMasked>(s.bias + c, mask);
#pragma GCC unroll 8
  for (int32_t i = 1; i < P; ++i) acc[i] = acc[0];
  for (int32_t row = 0; row < s.rows; ++row) {
    const float* x = s.x + row * s.x_row_step + c;
    const float* weight = s.weight + row * s.weight_row_step + c;
    for (int32_t column = 0; column < s.columns; ++column) {
      const __m256 w = load_lanes<kMasked>(weight, mask);
#pragma GCC unroll 8
      for (int32_t i = 0; i < P; ++i) {
        acc[i] = _mm256_fmadd_ps(load_lanes<kMasked>(x + i * s.pixel_step, mask), w, acc[i]);
      }
      x += s.x_tap_step;
      weight += s.weight_tap_step;
    }
  }
#pragma GCC unroll 8
  for (int32_t i = 0; i < P; ++i) {
    _mm256_store_ps(s.tile + i * kDepthwiseChannels + c, acc[i]);
  }
}

template <int32_t P>
void sum_pixels(const DepthwiseSum& s) {
  int32_t c = 0;
  for (; c + kLanes <= s.channels; c += kLanes) sum_lanes<P, false>(s, c, __m256i{});
  if (c < s.channels) sum_lanes<P, true>(s, c, lane_mask(s.channels - c));
}

constexpr DepthwiseBackend kBackend{.sum_8 = sum_pixels<8>,
                                    .sum_4 = sum_pixels<4>,
                                    .sum_2 = sum_pixels<2>,
                                    .sum_1 = sum_pixels<1>,
                                    .store = kTileStores};

}  // namespace

void depthwise_avx2(const DepthwiseParams& params, int32_t part, int32_t parts) {
  depthwise_tiled(params, part, parts, kBackend);
}

}  // namespace pawl::kernels::cpu
