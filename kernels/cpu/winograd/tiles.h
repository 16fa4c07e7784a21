// Winograd convolution in float32, independent of the instruction set, which supplies the
// transforms, the products and the stores. Loops and scratch: winograd/blocks.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cpu/vec/tile_store.h"
#include "kernels/cpu/winograd/blocks.h"
#include "kernels/panel.h"
#include "kernels/winograd.h"

namespace pawl::kernels::cpu {

// One tile's window of the image, all channels, transformed into place.to[plane][channel / 16].
struct WindowTransform {
  const float* x;  // of pixel (0, 0) of the image
  ptrdiff_t row_stride, pixel_stride;
  int32_t IH, IW;
  int32_t channels;
  WindowPlace<float> place;
};

// One panel of tiles side by side, transformed into to[row < 4][4 * tile + column][16], + bias.
struct OutputTransform {
  const float* product;  // neighbouring tiles 16 floats apart
  ptrdiff_t plane_floats;
  int32_t tiles;
  const float* bias;
  float* to;
  ptrdiff_t row_floats;
};

struct WinogradMicrokernels {
  void (*transform_window)(const WindowTransform&);
  WinogradProducts<float> products;
  void (*transform_output)(const OutputTransform&);
  const TileStoreFn* store;  // kActivationKinds functions
};

size_t winograd_part_floats(const WinogradParams& params);

void winograd_tiled(const WinogradParams& params, int32_t part, int32_t parts,
                    const WinogradMicrokernels& microkernels);

}  // namespace pawl::kernels::cpu
