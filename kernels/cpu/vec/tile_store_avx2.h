// Tile stores of tile_store.h for AVX2. Include only from avx2.cpp, as activation_avx2.h.
#pragma once

#include <immintrin.h>

#include "kernels/cpu/vec/activation_avx2.h"
#include "kernels/cpu/vec/avx2.h"
#include "kernels/cpu/vec/tile_store.h"

namespace pawl::kernels::cpu {
namespace {

template <Activation kKind>
void store_tile(const TileStore& s) {
  const ActivationVectors constants{_mm256_set1_ps(s.alpha), _mm256_set1_ps(s.beta)};
  for (int32_t c = 0; c < s.channels; c += kLanes) {
    const bool whole = s.channels - c >= kLanes;
    const __m256i mask = first_lanes(s.channels - c);
    for (int32_t i = 0; i < s.pixels; ++i) {
      __m256 value = activate<kKind>(_mm256_load_ps(s.tile + i * s.tile_stride + c), constants);
      if (s.residual != nullptr) {
        const float* residual = s.residual + i * s.residual_stride + c;
        value = _mm256_add_ps(value, _mm256_maskload_ps(residual, mask));
      }
      float* y = s.y + i * s.y_stride + c;
      if (whole) {
        _mm256_storeu_ps(y, value);
      } else {
        _mm256_maskstore_ps(y, mask, value);
      }
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
