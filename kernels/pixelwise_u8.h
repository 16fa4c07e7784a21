// Operations on NHWC u8 views that change no scale, and the two crossings between u8 and float32.
//   quantize:    y[p,c] = clamp(round(x[p,c] * inverse_scale) + zero)        f32 -> u8
//   dequantize:  y[p,c] = (x[p,c] - zero) * scale                            u8 -> f32
//   copy, gather: as pixelwise.h.   max_pool: as pool.h, kMax; taps outside the image do not count.
//   nearest:     as resize.h, kNearest.
// Shapes   P pixels of C channels; pixel strides in elements. y does not overlap x.
// Reads    gather: up to 15 bytes past the last channel of a pixel, as conv_u8.h.
// Threads  as conv_u8.h. Error: none, every variant gives the same bits.
#pragma once

#include <cstdint>

#include "kernels/quantized.h"

namespace pawl::kernels {

struct QuantizeParams {
  int64_t P;
  int32_t C;
  int32_t x_pixel_stride, y_pixel_stride;
  const float* x;
  uint8_t* y;
  float inverse_scale;
  int32_t zero;
};

struct DequantizeParams {
  int64_t P;
  int32_t C;
  int32_t x_pixel_stride, y_pixel_stride;
  const uint8_t* x;
  float* y;
  Quantization quantization;
};

struct CopyU8Params {
  int64_t P;
  int32_t C;
  int32_t x_pixel_stride, y_pixel_stride;
  const uint8_t* x;
  const int32_t* index;  // (C): y[p,c] = x[p,index[c]]; null: index[c] == c
  uint8_t* y;
};

struct MaxPoolU8Params {
  int32_t IH, IW, C;
  int32_t OH, OW;
  int32_t KH, KW;
  int32_t stride_h, stride_w;
  int32_t pad_top, pad_left;
  int32_t dilation_h, dilation_w;
  int32_t x_pixel_stride, y_pixel_stride;
  const uint8_t* x;
  uint8_t* y;
};

struct NearestU8Params {
  int32_t IH, IW, C;
  int32_t OH, OW;
  int32_t x_pixel_stride, y_pixel_stride;
  const uint8_t* x;
  uint8_t* y;
  const int32_t* row;  // (OH)
  const int32_t* col;  // (OW)
};

}  // namespace pawl::kernels
