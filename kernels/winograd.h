// 3x3 convolution of stride 1, NHWC, float32, by Winograd's F(4x4, 3x3): outputs come in tiles of
// 4x4, each from 36 products a channel instead of 144.
//   y = what kernels/conv.h computes with KH = KW = 3, stride 1, dilation 1.
// Shapes, strides, bias, residual, alignment and overlap as in kernels/conv.h.
// Weights  packed by pack_winograd_weights: [ceil(OC/16)][36][IC][16], zero-filled past OC, four
//          times the floats of the direct form; 64-byte aligned.
// scratch  winograd_scratch_floats() floats, 64-byte aligned, of any content. Part i uses the i-th
//          of `parts` equal pieces.
// Threads  call once per part in [0, parts), concurrently: parts write disjoint outputs, and every
//          output has the same bits whatever the parts.
// Error    |y - ref| <= 1e-5 * S + activation error, ref as in kernels/conv.h,
//            S = |bias| + sum over ic of max |x[ic]| in the tile's 6x6 window * sum |w[oc,ic]|.
//          A tile shares its rounding: an output under small x has the error of its neighbours
//          under large x. For x and w of one magnitude the error is 1e-6 * (|bias| + sum |x*w|) at
//          most (measured: 4e-7 at 64 channels, 5e-8 in the root of the mean square). An infinity
//          or NaN in x reaches the whole tile.
// Source   Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", arXiv:1509.09308;
//          points 0, +-5/8, +-3/2, infinity instead of 0, +-1, +-2, infinity: a third of the error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/activation.h"
#include "kernels/isa.h"

namespace pawl::kernels {

inline constexpr int32_t kWinogradBlock = 16;  // output channels in one packed weight panel

struct WinogradParams {
  int32_t IH, IW, IC;
  int32_t OH, OW, OC;
  int32_t pad_top, pad_left;  // bottom and right follow from OH, OW
  int32_t x_pixel_stride, y_pixel_stride, residual_pixel_stride;
  const float* x;
  const float* weight;
  const float* bias;
  const float* residual;  // null: none
  float* scratch;
  float* y;
  ActivationParams activation;
};

using WinogradFn = void (*)(const WinogradParams&, int32_t part, int32_t parts);

struct WinogradVariant {
  const char* name;
  Isa isa;
  WinogradFn run;
};

// Best first; the last is scalar: the same transforms in double precision.
std::span<const WinogradVariant> winograd_variants();

// Of any variant; reads IC, OH and OW alone. About 0.6 MB a part, more only from 192 channels on.
size_t winograd_scratch_floats(const WinogradParams& params, int32_t parts);

// weight (OC,IC,3,3) row-major -> transformed panels. `packed` holds packed_winograd_floats().
size_t packed_winograd_floats(int32_t OC, int32_t IC);
void pack_winograd_weights(const float* weight, int32_t OC, int32_t IC, float* packed);

}  // namespace pawl::kernels
