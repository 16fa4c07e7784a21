// The end of a quantized convolution tile, shared by dense and depthwise, as tile_store.h: int32
// sums lie in a small buffer in L1 and pass through the epilogue of kernels/quantized.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/quantized.h"

namespace pawl::kernels::cpu {

inline constexpr int32_t kTileStoreKinds = 11;      // enumerators of Activation
inline constexpr ptrdiff_t kTileIntegersMax = 512;  // of the largest tile

// y[i][c] = epilogue(tile[i][c]) for i < pixels, c < channels. Exactly one of y, y_float is set.
// Both scales are read in whole vectors of 16 channels.
struct TileStoreU8 {
  const int32_t* tile;  // 64-byte aligned; tile_stride is a multiple of 16
  ptrdiff_t tile_stride;
  int32_t pixels;
  int32_t channels;
  uint8_t* y;
  float* y_float;
  ptrdiff_t y_stride;
  const uint8_t* residual;  // null: none
  ptrdiff_t residual_stride;
  const float* scale;          // of channel 0 of the tile
  const float* inverse_scale;  // of channel 0 of the tile; null where y_float is set
  const Epilogue* epilogue;
};

using TileStoreU8Fn = void (*)(const TileStoreU8&);

}  // namespace pawl::kernels::cpu
