// Depthwise convolution, AVX-512: 16 channels of P pixels at once, P accumulators.
#include <immintrin.h>

#include "kernels/cpu/depthwise.h"
#include "kernels/cpu/depthwise_tiles.h"
#include "kernels/cpu/tile_store_avx512.h"

namespace pawl::kernels::cpu {
namespace {

template <int32_t P>
void sum_pixels(const DepthwiseSum& s) {
  for (int32_t c = 0; c < s.channels; c += kLanes) {
    const int32_t left = s.channels - c;
    const __mmask16 mask = static_cast<__mmask16>(left >= kLanes ? 0xFFFFU : (1U << left) - 1U);
    __m512 acc[P];
    acc[0] = _mm512_maskz_loadu_ps(mask, s.bias + c);
#pragma GCC unroll 8
    for (int32_t i = 1; i < P; ++i) acc[i] = acc[0];
    for (int32_t row = 0; row < s.rows; ++row) {
      const float* x = s.x + row * s.x_row_step + c;
      const float* weight = s.weight + row * s.weight_row_step + c;
      for (int32_t column = 0; column < s.columns; ++column) {
        const __m512 w = _mm512_maskz_loadu_ps(mask, weight);
#pragma GCC unroll 8
        for (int32_t i = 0; i < P; ++i) {
          const __m512 value = _mm512_maskz_loadu_ps(mask, x + i * s.pixel_step);
          acc[i] = _mm512_fmadd_ps(value, w, acc[i]);
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
}

constexpr DepthwiseBackend kBackend{.sum_8 = sum_pixels<8>,
                                    .sum_4 = sum_pixels<4>,
                                    .sum_2 = sum_pixels<2>,
                                    .sum_1 = sum_pixels<1>,
                                    .store = kTileStores};

}  // namespace

void depthwise_avx512(const DepthwiseParams& params, int32_t part, int32_t parts) {
  depthwise_tiled(params, part, parts, kBackend);
}

}  // namespace pawl::kernels::cpu
