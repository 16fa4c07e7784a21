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
//          under large x. Measured: 1.3e-6 * S where magnitudes differ by 1e6; on uniform data
//          3.5e-7 * (|bias| + sum |x*w|) at most and 5e-8 in the root of the mean square. An
//          infinity or NaN in x reaches the whole tile.
// Source   Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", arXiv:1509.09308;
//          points 0, +-5/8, +-3/2, infinity instead of 0, +-1, +-2, infinity: a third of the error.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/activation.h"
#include "kernels/panel.h"

namespace pawl::kernels {

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

// Of any variant; reads IC, OC, OH and OW alone. A part takes 0.5 MB at most up to 128 channels
// each way, beyond that in proportion to IC: 1.3 MB at 256, 2.3 MB at 512.
size_t winograd_scratch_floats(const WinogradParams& params, int32_t parts);

// weight (OC,IC,3,3) row-major -> transformed panels. `packed` holds packed_winograd_floats().
size_t packed_winograd_floats(int32_t OC, int32_t IC);
void pack_winograd_weights(const float* weight, int32_t OC, int32_t IC, float* packed);

// True where this is quicker than the direct form, on either instruction set, even with weights
// that come from memory: where tiles save enough to pay for reading four times the weights
// (whatever their number, since savings grow with it), and where vectors of input channels are well
// filled. Direct time / Winograd time, one thread, Sapphire Rapids,
// bench/kernels/winograd_bench.cpp:
//   IC->OC @ OH=OW  AVX-512  AVX2     IC->OC @ OH=OW  AVX-512  AVX2     not chosen    AVX-512  AVX2
//     16->16 @160     1.8    1.7       64->64 @20       2.7    2.8        3->16 @80     0.7    1.0
//     32->32 @80      2.2    2.2       64->80 @20       2.8    2.8        8->16 @160    1.0    1.4
//     64->64 @80      2.4    2.5      128->128 @20      2.8    2.3      128->128 @7     1.1    1.9
//     64->80 @80      2.4    2.6      256->64 @20       2.4    2.0       64->64 @5      1.1    1.2
//     80->80 @80      2.5    2.7      256->256 @20      1.7    2.0      256->256 @13    1.1    1.2
//     64->64 @40      2.7    2.6      256->256 @16      1.5    1.8      512->512 @10    0.9    1.0
// With weights flushed from the caches: 64->64 @20 2.0, 2.1; 128->128 @20 1.6, 1.9; 64->64 @10 1.0.
// NEON is not measured; counting its instructions by hand gives Winograd less than half of the
// direct form's at 16->16. One rule serves all targets, so that plans do not differ.
constexpr bool winograd_wins([[maybe_unused]] int32_t OC, int32_t IC, int32_t OH, int32_t OW) {
  const int64_t tiles = (int64_t{OH} + 3) / 4 * ((int64_t{OW} + 3) / 4);
  return IC >= 12 && int64_t{OH} * OW - 4 * tiles >= 128;
}

}  // namespace pawl::kernels
