// Tile stores of tile_store.h for AVX-512. Include only from avx512.cpp, as activation_avx512.h.
#pragma once

#include <immintrin.h>

#include "kernels/cpu/vec/activation_avx512.h"
#include "kernels/cpu/vec/avx512.h"
#include "kernels/cpu/vec/tile_store.h"

namespace pawl::kernels::cpu {
namespace {

template <Activation kKind, bool kResidual>
void store_lanes(const TileStore& s, int32_t c, __mmask16 mask) {
  const ActivationVectors constants{_mm512_set1_ps(s.alpha), _mm512_set1_ps(s.beta)};
  const float* tile = s.tile + c;
  const float* residual = kResidual ? s.residual + c : nullptr;
  float* y = s.y + c;
  const auto finish = [&](__m512 value, int32_t pixel) {
    if constexpr (kResidual) {
      const float* addend = residual + pixel * s.residual_stride;
      value = _mm512_add_ps(value, _mm512_maskz_loadu_ps(mask, addend));
    }
    _mm512_mask_storeu_ps(y + pixel * s.y_stride, mask, value);
  };
  int32_t i = 0;
  for (; i + 4 <= s.pixels; i += 4) {
    __m512 x[4];
#pragma GCC unroll 4
    for (int32_t j = 0; j < 4; ++j) x[j] = _mm512_load_ps(tile + (i + j) * s.tile_stride);
#pragma GCC unroll 4
    for (int32_t j = 0; j < 4; ++j) finish(activate<kKind>(x[j], constants), i + j);
  }
  for (; i < s.pixels; ++i) {
    finish(activate<kKind>(_mm512_load_ps(tile + i * s.tile_stride), constants), i);
  }
}

template <Activation kKind>
void store_tile(const TileStore& s) {
  for (int32_t c = 0; c < s.channels; c += kLanes) {
    const __mmask16 mask = lanes_left(s.channels - c);
    if (s.residual == nullptr) {
      store_lanes<kKind, false>(s, c, mask);
    } else {
      store_lanes<kKind, true>(s, c, mask);
    }
  }
}

// In the order of the enumerators.
constexpr TileStoreFn kTileStores[kActivationKinds] = {
    store_tile<Activation::kNone>,        store_tile<Activation::kRelu>,
    store_tile<Activation::kLeakyRelu>,   store_tile<Activation::kSigmoid>,
    store_tile<Activation::kSilu>,        store_tile<Activation::kHardSwish>,
    store_tile<Activation::kHardSigmoid>, store_tile<Activation::kTanh>,
    store_tile<Activation::kMish>,        store_tile<Activation::kGelu>,
    store_tile<Activation::kClip>,
};

}  // namespace
}  // namespace pawl::kernels::cpu
