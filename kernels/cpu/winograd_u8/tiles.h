// Exact Winograd convolution on u8, independent of the instruction set, which supplies the
// transforms, the products and the stores. Loops and scratch: winograd/blocks.h, where a word holds
// two channels of a window, or one product.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cpu/vec/tile_store_u8.h"
#include "kernels/cpu/winograd/blocks.h"
#include "kernels/winograd_u8.h"

namespace pawl::kernels::cpu {

// One tile's window of the image less `zero`, all channels, transformed into
// place.to[plane][channel / 32] as 16-bit integers.
struct WindowTransformU8 {
  const uint8_t* x;  // of pixel (0, 0) of the image
  ptrdiff_t row_stride, pixel_stride;
  int32_t IH, IW;
  int32_t channels;
  int32_t zero;
  WindowPlace<int32_t> place;
};

// One panel of tiles side by side, transformed into sums[row < 4][4 * tile + column][16], + bias.
struct OutputTransformU8 {
  const int32_t* product;  // neighbouring tiles 16 words apart
  ptrdiff_t plane_words;
  int32_t tiles;
  const int32_t* bias;
  int32_t* to;
  ptrdiff_t row_words;
};

struct WinogradU8Microkernels {
  void (*transform_window)(const WindowTransformU8&);
  WinogradProducts<int32_t> products;
  void (*transform_output)(const OutputTransformU8&);
  const TileStoreU8Fn* store;  // kTileStoreKinds functions
};

size_t winograd_u8_part_words(const ConvU8Params& params);

void winograd_u8_tiled(const WinogradU8Params& params, int32_t part, int32_t parts,
                       const WinogradU8Microkernels& microkernels);

}  // namespace pawl::kernels::cpu
