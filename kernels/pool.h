// Max and average pooling, NHWC, float32.
//   max: y[oy,ox,c] = max over taps inside the image (-inf where none)
//   avg: sum over taps inside / (taps inside, or KH*KW when count_padding)
// Shapes   x (IH,IW,C), y (OH,OW,C); pixel strides as in conv.h. y does not overlap x.
// Threads  as conv.h. Error: max exact; avg 1e-6 relative to the mean of |x|.
#pragma once

#include <cstdint>

namespace pawl::kernels {

enum class PoolKind : uint8_t { kMax = 0, kAverage = 1 };  // frozen

struct PoolParams {
  PoolKind kind;
  bool count_padding;
  int32_t IH, IW, C;
  int32_t OH, OW;
  int32_t KH, KW;
  int32_t stride_h, stride_w;
  int32_t pad_top, pad_left;
  int32_t dilation_h, dilation_w;
  int32_t x_pixel_stride, y_pixel_stride;
  const float* x;
  float* y;
};

}  // namespace pawl::kernels
