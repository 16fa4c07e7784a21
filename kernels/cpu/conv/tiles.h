// Dense convolution in float32, independent of the instruction set, which supplies the micro-kernels
// (all of K = KH*KW*IC in registers) and the stores (activation, residual). Which tile comes when and
// where its input lies: conv/blocks.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/conv.h"
#include "kernels/cpu/vec/tile_store.h"

namespace pawl::kernels::cpu {

// tile[i][c] = bias[c] (or, when `resume`, itself) + sum over t < tap_count, k < length of
//   input(t, i)[k] * weight[c/16*panel_weights + (t*length + k)*16 + c%16],  i < P, c < V*16.
// Two forms of input: any pixels through pointers, or pixels one constant step apart, which needs
// no table and leaves the registers for addresses.
struct TileSum {
  const float* const* pointers;  // input(t, i) = pointers[t*P + i]
  const float* x;                // input(t, i) = x + offsets[t] + i*pixel_step
  const ptrdiff_t* offsets;
  ptrdiff_t pixel_step;

  ptrdiff_t tap_count;
  ptrdiff_t length;
  const float* weight;
  ptrdiff_t panel_weights;
  const float* bias;
  bool resume;
  float* tile;  // P * V * 16 floats, 64-byte aligned

  // Prefetches of the strided form, spread over the sum since a burst would block its own loads: of
  // two streams of coming input, taking turns by tap, and of the next tile's output.
  const char* ahead;
  const char* ahead_other;
  ptrdiff_t ahead_step;  // bytes a product
  const char* y;
  ptrdiff_t y_step;  // bytes a product
};
using TileSumFn = void (*)(const TileSum&);

struct TileKernel {
  int32_t pixels;  // P
  int32_t panels;  // V
  TileSumFn by_pointer;
  TileSumFn by_stride;  // null: none
};

struct ConvMicrokernels {
  const TileKernel* kernels;  // of one `panels`, the larger tile first
  int32_t kernel_count;
  int32_t panels_preferred;  // panels of a group while enough are left
  int32_t panels_max;        // takes an odd panel into the last group where that is allowed
  const TileStoreFn* store;  // kActivationKinds functions
};

void conv_tiled(const ConvParams& params, int32_t part, int32_t parts,
                const ConvMicrokernels& microkernels);

}  // namespace pawl::kernels::cpu
