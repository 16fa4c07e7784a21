// Dense 2-D convolution, NHWC, float32, with bias, activation and residual fused.
//   acc[oy,ox,oc] = bias[oc] + sum_{ky,kx,ic} x[oy*sh+ky*dh-pt, ox*sw+kx*dw-pl, ic]
//                                             * w[oc,ic,ky,kx]
//   y[oy,ox,oc]   = activation(acc) (+ residual[oy,ox,oc])
// Outside the image x is zero.
//
// Shapes   x (IH,IW,IC), y (OH,OW,OC), residual (OH,OW,OC). Channels are contiguous; one pixel and
//          the next lie *_pixel_stride floats apart (>= channels), rows are dense in pixels. That
//          is how concat and split cost nothing: a producer writes into a channel range.
// Weights  packed by pack_conv_weights: [ceil(OC/16)][KH][KW][IC][16], zero-filled past OC;
//          bias [ceil(OC/16)*16], zero-filled. Both 64-byte aligned.
// zeros    at least IC floats of 0: what padding reads.
// Requires y overlaps neither x nor residual, except residual == y. x and y need no more than
//          4-byte alignment.
// Threads  call once per part in [0, parts), concurrently: parts write disjoint outputs.
// Error    |y - ref| <= 1e-5 * (|bias| + sum |x*w|) + activation error; ref is cpu/conv/scalar.cpp
//          (double accumulator).
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/activation.h"
#include "kernels/panel.h"

namespace pawl::kernels {

struct ConvParams {
  int32_t IH, IW, IC;
  int32_t OH, OW, OC;
  int32_t KH, KW;
  int32_t stride_h, stride_w;
  int32_t pad_top, pad_left;  // bottom and right follow from OH, OW
  int32_t dilation_h, dilation_w;
  int32_t x_pixel_stride, y_pixel_stride, residual_pixel_stride;
  const float* x;
  const float* weight;
  const float* bias;
  const float* residual;  // null: none
  const float* zeros;
  float* y;
  ActivationParams activation;
};

// weight (OC,IC,KH,KW) row-major -> panels. `packed` holds packed_conv_floats() floats.
size_t packed_conv_floats(int32_t OC, int32_t IC, int32_t KH, int32_t KW);
void pack_conv_weights(const float* weight, int32_t OC, int32_t IC, int32_t KH, int32_t KW,
                       float* packed);

}  // namespace pawl::kernels
