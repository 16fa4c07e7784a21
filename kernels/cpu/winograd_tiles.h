// Winograd convolution in blocks of tiles, independent of the instruction set: the windows of a
// block are transformed, multiplied plane by plane with the weights and transformed back while all
// of it lies in L2. An instruction set supplies the transforms, the products and the stores.
//
// Scratch of a part, T tiles a block:
//   window    [36][ceil(IC/16)][T][16]   transformed input: 16 channels of neighbouring tiles are
//                                        neighbouring lines, so that a micro-kernel addresses all
//                                        its tiles from one register
//   products  [36][4][T][16]             of a group of up to 4 panels
// One line more follows each plane: an odd step in lines keeps 36 planes out of one set of L1.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cpu/tile_store.h"
#include "kernels/winograd.h"

namespace pawl::kernels::cpu {

// One tile's window of the image, all channels, transformed into to[plane][channel / 16].
struct WindowTransform {
  const float* x;  // of pixel (0, 0) of the image
  ptrdiff_t row_stride, pixel_stride;
  int32_t IH, IW;
  int32_t top, left;  // of the window; outside the image it is zero
  int32_t channels;
  float* to;
  ptrdiff_t plane_floats, chunk_floats;
};

// product[v][i][c] = sum over k < channels of window[k/16][i][k%16] * weight[v][k*16 + c],
// i < P tiles, v < V panels, c < 16. Sums run over k in order: P and V change no bit.
struct TileProducts {
  const float* window;
  ptrdiff_t chunk_floats;
  int32_t channels;
  const float* weight;
  ptrdiff_t panel_floats;
  float* product;
  ptrdiff_t product_panel_floats;
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

inline constexpr int32_t kProductPanelsMax = 4;  // panels of a group
inline constexpr int32_t kKernelPanelsMax = 3;   // panels of a micro-kernel, V

// by_tiles[P - 1] multiplies P tiles with V panels.
struct ProductKernels {
  void (*const* by_tiles)(const TileProducts&);
  int32_t tiles_max;
};

struct WinogradBackend {
  void (*transform_window)(const WindowTransform&);
  ProductKernels products[kKernelPanelsMax];  // [V - 1]
  int32_t panels_preferred;                   // V while enough panels are left
  int32_t panels_max;                         // V that takes in an odd last panel
  void (*transform_output)(const OutputTransform&);
  const TileStoreFn* store;  // kActivationKinds functions
};

size_t winograd_part_floats(const WinogradParams& params);

void winograd_tiled(const WinogradParams& params, int32_t part, int32_t parts,
                    const WinogradBackend& backend);

}  // namespace pawl::kernels::cpu
