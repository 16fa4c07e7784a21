// Depthwise 2-D convolution, NHWC, u8 activations, s8 weights: as conv_u8.h, one channel at a time.
//   acc[oy,ox,c] = bias[c] + sum_{ky,kx} x[..., c] * w[ky,kx,c];  y = epilogue(acc)
// Weights  s8 (KH,KW,C rounded up to 16), zero-filled; bias and scale (C rounded up to 16).
// pad      the byte read outside the image.
// Reads    up to 15 channels past the last: buffers end in kSpareBytes more.
// Error    none: bit-equal to cpu/depthwise_u8/scalar.cpp.
#pragma once

#include <cstdint>

#include "kernels/quantized.h"

namespace pawl::kernels {

struct DepthwiseU8Params {
  int32_t IH, IW, C;
  int32_t OH, OW;
  int32_t KH, KW;
  int32_t stride_h, stride_w;
  int32_t pad_top, pad_left;
  int32_t dilation_h, dilation_w;
  int32_t x_pixel_stride, y_pixel_stride;
  const uint8_t* x;
  const int8_t* weight;
  const int32_t* bias;
  uint8_t pad;
  uint8_t* y;      // null where y_float is set
  float* y_float;  // null where y is set
  Epilogue epilogue;
};

// weight (C,1,KH,KW) s8 -> (KH,KW,C rounded up to 16).
void pack_depthwise_u8_weights(const int8_t* weight, int32_t C, int32_t KH, int32_t KW,
                               int8_t* packed);

}  // namespace pawl::kernels
