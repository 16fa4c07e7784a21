// Max and average pooling, NHWC, float16: kernels/pool.h on halves.
//   max: exact. avg: sums in float32 in the order of the window, one rounding to float16.
// Shapes   as kernels/pool.h; pixel strides in elements.
// Requires sm_53. First elements 16-byte aligned, pixel strides multiples of 8; OH*OW*C < 2^31.
// Reads    nothing outside its operands' channels; writes nothing outside y's.
//
// Included by device code: C++17.
#pragma once

#include <cstdint>

#include "kernels/cuda/launch.h"
#include "kernels/pool.h"

namespace pawl::kernels::cuda {

struct PoolF16Params {
  bool average, count_padding;
  int32_t IH, IW, C;
  int32_t OH, OW;
  int32_t KH, KW;
  int32_t stride_h, stride_w;
  int32_t pad_top, pad_left;
  int32_t dilation_h, dilation_w;
  int32_t x_pixel_stride, y_pixel_stride;
  const uint16_t* x;
  uint16_t* y;
};

Launch pool_f16_launch(const PoolF16Params& params);

}  // namespace pawl::kernels::cuda
