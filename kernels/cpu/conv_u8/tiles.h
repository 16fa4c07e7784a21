// Dense u8 convolution, independent of the instruction set, which supplies micro-kernels and stores
// as for conv/tiles.h. What differs is the unit of the sum: a group of 4 input channels. Which tile
// comes when and where its input lies: conv/blocks.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/conv_u8.h"
#include "kernels/cpu/vec/tile_store_u8.h"

namespace pawl::kernels::cpu {

inline constexpr ptrdiff_t kGroupBytes = 64;  // weights of a group: 16 output x 4 input channels

// tile[i][c] = bias[c] (or, when `resume`, itself) + sum over t < tap_count, g < length, j < 4 of
//   input(t, i)[4*g + j] * weight[c/16*panel_weights + (t*length + g)*64 + c%16*4 + j],
//   i < P, c < V*16.
// Input through pointers, or of pixels one constant step apart.
struct TileSumU8 {
  const uint8_t* const* pointers;  // input(t, i) = pointers[t*P + i]
  const uint8_t* x;                // input(t, i) = x + offsets[t] + i*pixel_step
  const ptrdiff_t* offsets;
  ptrdiff_t pixel_step;

  ptrdiff_t tap_count;
  ptrdiff_t length;  // groups
  const int8_t* weight;
  ptrdiff_t panel_weights;
  const int32_t* bias;
  bool resume;
  int32_t* tile;  // P * V * 16 integers, 64-byte aligned

  // Prefetches of the strided form, spread over the sum: of coming input and of coming output.
  const uint8_t* ahead;
  ptrdiff_t ahead_step;  // bytes a group
  const uint8_t* y;
  ptrdiff_t y_step;  // bytes a group
};
using TileSumU8Fn = void (*)(const TileSumU8&);

struct TileKernelU8 {
  int32_t pixels;  // P
  int32_t panels;  // V
  TileSumU8Fn by_pointer;
  TileSumU8Fn by_stride;  // null: none
};

// Where the sums of a panel start, of 16 output channels, from their bias and the panel's weights.
using PanelStartU8Fn = void (*)(const int8_t* weight, ptrdiff_t groups, const int32_t* bias,
                                int32_t* start);

struct ConvU8Microkernels {
  const TileKernelU8* kernels;  // of one `panels`, the larger tile first
  int32_t kernel_count;
  int32_t panels_preferred;  // panels of a group while enough are left
  int32_t panels_max;        // takes an odd panel into the last group where that is allowed; <= 3
  const TileStoreU8Fn* store;
  PanelStartU8Fn start = nullptr;  // null: at the bias
};

void conv_u8_tiled(const ConvU8Params& params, int32_t part, int32_t parts,
                   const ConvU8Microkernels& microkernels);

}  // namespace pawl::kernels::cpu
