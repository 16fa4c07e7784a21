// Operations on NHWC u8 views whose result has a scale of its own.
//   binary:       v = A + B or A * B; b may be one pixel for all (b_pixel_stride 0)
//   average_pool: v = mean of the taps; those outside the image are real 0 and count only if
//                 count_padding, no taps at all are 0
//   y = clamp(round(v) + zero), v in units of y's scale, by the operations that
//   cpu/rescale_u8/scalar.cpp states, as kernels/quantized.h
//   table:        y[p,c] = table[x[p,c]]
// Shapes   P pixels of C channels; pixel strides in elements. y does not overlap x, a or b.
// Threads  as conv_u8.h. Error: none, every variant gives the same bits.
#pragma once

#include <cstdint>

#include "kernels/pixelwise.h"

namespace pawl::kernels {

struct BinaryU8Params {
  int64_t P;
  int32_t C;
  BinaryOp op;  // kAdd or kMul
  int32_t a_pixel_stride, b_pixel_stride, y_pixel_stride;
  const uint8_t* a;
  const uint8_t* b;
  uint8_t* y;
  int32_t a_zero, b_zero, zero;
  // kAdd: a's scale and b's, over y's. kMul: a_factor is a's scale times b's, over y's.
  float a_factor, b_factor;
};

struct AveragePoolU8Params {
  int32_t IH, IW, C;
  int32_t OH, OW;
  int32_t KH, KW;  // at most 256
  int32_t stride_h, stride_w;
  int32_t pad_top, pad_left;
  int32_t dilation_h, dilation_w;
  bool count_padding;
  int32_t x_pixel_stride, y_pixel_stride;
  const uint8_t* x;
  uint8_t* y;
  int32_t x_zero, zero;
  float factor;  // x's scale over y's
};

struct TableU8Params {
  int64_t P;
  int32_t C;
  int32_t x_pixel_stride, y_pixel_stride;
  const uint8_t* x;
  uint8_t* y;
  const uint8_t* table;  // (256)
};

}  // namespace pawl::kernels
