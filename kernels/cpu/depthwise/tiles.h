// Depthwise convolution as tiles of P output pixels of one row x up to kDepthwiseChannels channels,
// independent of the instruction set. An instruction set supplies the sums and the stores.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cpu/vec/tile_store.h"
#include "kernels/depthwise.h"

namespace pawl::kernels::cpu {

inline constexpr int32_t kDepthwisePixels = 8;
inline constexpr int32_t kDepthwiseChannels = 64;
static_assert(kDepthwisePixels * kDepthwiseChannels <= kTileFloatsMax);

// tile[i][c] = bias[c] + sum over row < rows, column < columns of
//   x[i*pixel_step + row*x_row_step + column*x_tap_step + c] *
//   weight[row*weight_row_step + column*weight_tap_step + c],  i < P, c < channels.
// All taps lie inside the image. Rows of `tile` are kDepthwiseChannels floats apart; up to the next
// multiple of 16 channels they may be overwritten.
struct DepthwiseSum {
  const float* x;
  ptrdiff_t pixel_step, x_row_step, x_tap_step;
  const float* weight;
  ptrdiff_t weight_row_step, weight_tap_step;
  int32_t rows, columns;
  const float* bias;
  int32_t channels;
  float* tile;  // 64-byte aligned
};
using DepthwiseSumFn = void (*)(const DepthwiseSum&);

struct DepthwiseMicrokernels {
  DepthwiseSumFn sum_8, sum_4, sum_2, sum_1;  // by P
  const TileStoreFn* store;                   // kActivationKinds functions
};

void depthwise_tiled(const DepthwiseParams& params, int32_t part, int32_t parts,
                     const DepthwiseMicrokernels& microkernels);

}  // namespace pawl::kernels::cpu
