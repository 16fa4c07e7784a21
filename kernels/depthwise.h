// Depthwise 2-D convolution, NHWC, float32, with bias, activation and residual fused.
//   y[oy,ox,c] = activation(bias[c] + sum_{ky,kx} x[oy*sh+ky*dh-pt, ox*sw+kx*dw-pl, c]
//                                                 * w[ky,kx,c])
//                (+ residual[oy,ox,c])
//
// Shapes   x (IH,IW,C), weight (KH,KW,C), bias (C), y (OH,OW,C); pixel strides as in conv.h.
// Requires y overlaps neither x nor residual, except residual == y.
// Threads  as conv.h. Error as conv.h; ref is cpu/depthwise/scalar.cpp.
#pragma once

#include <cstdint>

#include "kernels/activation.h"

namespace pawl::kernels {

struct DepthwiseParams {
  int32_t IH, IW, C;
  int32_t OH, OW;
  int32_t KH, KW;
  int32_t stride_h, stride_w;
  int32_t pad_top, pad_left;
  int32_t dilation_h, dilation_w;
  int32_t x_pixel_stride, y_pixel_stride, residual_pixel_stride;
  const float* x;
  const float* weight;
  const float* bias;
  const float* residual;  // null: none
  float* y;
  ActivationParams activation;
};

// weight (C,1,KH,KW) -> (KH,KW,C).
void pack_depthwise_weights(const float* weight, int32_t C, int32_t KH, int32_t KW, float* packed);

}  // namespace pawl::kernels
