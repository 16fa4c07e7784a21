// Pixelwise operations on NHWC float32 views that no convolution absorbed.
//   unary:   y[p,c] = activation(x[p,c])
//   binary:  y[p,c] = activation(a[p,c] (op) b[p,c]); b may be one pixel for all (b_pixel_stride 0)
//   copy:    unary with kNone: a channel range moved into another buffer
//   gather:  y[p,c] = x[p, index[c]]: a channel permutation (ShuffleNet)
//   focus:   y[oy,ox, g*C + c] = x[2*oy + dy[g], 2*ox + dx[g], c], g in 0..3
// Shapes   P pixels of C channels, pixel strides in floats. y may be equal to x or a, not partly
//          overlap (gather, focus: no overlap at all).
// Threads  as conv.h. Error: exact but for the activation.
#pragma once

#include <cstdint>

#include "kernels/activation.h"

namespace pawl::kernels {

enum class BinaryOp : uint8_t { kAdd = 0, kSub = 1, kMul = 2, kDiv = 3, kMin = 4, kMax = 5 };

struct UnaryParams {
  int64_t P;
  int32_t C;
  int32_t x_pixel_stride, y_pixel_stride;
  const float* x;
  float* y;
  ActivationParams activation;
};

struct BinaryParams {
  int64_t P;
  int32_t C;
  BinaryOp op;
  int32_t a_pixel_stride, b_pixel_stride, y_pixel_stride;
  const float* a;
  const float* b;
  float* y;
  ActivationParams activation;
};

struct GatherParams {
  int64_t P;
  int32_t C;  // of y
  int32_t x_pixel_stride, y_pixel_stride;
  const float* x;
  const int32_t* index;  // (C)
  float* y;
};

struct FocusParams {
  int32_t OH, OW, C;  // x is (2*OH, 2*OW, C), y (OH, OW, 4*C)
  int32_t x_pixel_stride, y_pixel_stride;
  int32_t dy[4], dx[4];
  const float* x;
  float* y;
};

}  // namespace pawl::kernels
