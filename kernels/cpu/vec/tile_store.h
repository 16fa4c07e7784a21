// The end of a convolution tile, shared by dense and depthwise: sums lie in a small buffer in L1
// and pass through activation and residual on their way to y. The detour keeps micro-kernels free
// of activations and costs one store and one load a vector.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pawl::kernels::cpu {

inline constexpr int32_t kActivationKinds = 11;
inline constexpr ptrdiff_t kTileFloatsMax = 512;  // of the largest tile

// y[i][c] = activation(tile[i][c]) (+ residual[i][c]) for i < pixels, c < channels.
struct TileStore {
  const float* tile;
  ptrdiff_t tile_stride;
  int32_t pixels;
  int32_t channels;
  float* y;
  ptrdiff_t y_stride;
  const float* residual;  // null: none
  ptrdiff_t residual_stride;
  float alpha, beta;
};

using TileStoreFn = void (*)(const TileStore&);

}  // namespace pawl::kernels::cpu
