// Tile stores of tile_store.h for Advanced SIMD. Include only from neon.cpp, as
// activation_neon.h.
#pragma once

#include "kernels/cpu/vec/activation_neon.h"
#include "kernels/cpu/vec/neon.h"
#include "kernels/cpu/vec/tile_store.h"

namespace pawl::kernels::cpu {
namespace {

// Channels [c, c + 4 * kVectors) of a pixel: activations wait for each other least where several
// vectors take turns. kWhole: all of the lanes exist, else `last` of the last vector.
template <Activation kKind, int32_t kVectors, bool kWhole>
[[gnu::always_inline]] inline void store_vectors(const TileStore& s, int32_t i, int32_t c,
                                                 int32_t last) {
  const ActivationVectors constants{fill(s.alpha), fill(s.beta)};
  const float* tile = s.tile + i * s.tile_stride + c;
  float* y = s.y + i * s.y_stride + c;
  Lanes value[kVectors];
#pragma GCC unroll 4
  for (int32_t v = 0; v < kVectors; ++v) value[v] = load(tile + v * kLanes);
#pragma GCC unroll 4
  for (int32_t v = 0; v < kVectors; ++v) value[v] = activate<kKind>(value[v], constants);
  if (s.residual != nullptr) {
    const float* residual = s.residual + i * s.residual_stride + c;
#pragma GCC unroll 4
    for (int32_t v = 0; v < kVectors; ++v) {
      const float* addend = residual + v * kLanes;
      value[v] = add(value[v], kWhole ? load(addend) : load_first(addend, last));
    }
  }
#pragma GCC unroll 4
  for (int32_t v = 0; v < kVectors; ++v) {
    if constexpr (kWhole) {
      store(y + v * kLanes, value[v]);
    } else {
      store_first(y + v * kLanes, value[v], last);
    }
  }
}

template <Activation kKind>
void store_tile(const TileStore& s) {
  constexpr int32_t kFour = 4 * kLanes;
  for (int32_t i = 0; i < s.pixels; ++i) {
    int32_t c = 0;
    for (; c + kFour <= s.channels; c += kFour) store_vectors<kKind, 4, true>(s, i, c, kLanes);
    for (; c + kLanes <= s.channels; c += kLanes) store_vectors<kKind, 1, true>(s, i, c, kLanes);
    if (c < s.channels) store_vectors<kKind, 1, false>(s, i, c, s.channels - c);
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
