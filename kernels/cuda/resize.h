// Resize of the spatial dimensions, NHWC, float16, by the tables of kernels/resize.h.
//   nearest: exact. linear: float32 between four halves, one rounding to float16.
// Requires sm_53. First elements 16-byte aligned, pixel strides multiples of 8; OH*OW*C < 2^31.
// Reads    nothing outside its operands' channels; writes nothing outside y's.
//
// Included by device code: C++17.
#pragma once

#include <cstdint>

#include "kernels/cuda/launch.h"

namespace pawl::kernels::cuda {

struct ResizeF16Params {
  bool linear;
  int32_t IH, IW, C;
  int32_t OH, OW;
  int32_t x_pixel_stride, y_pixel_stride;
  const uint16_t* x;
  uint16_t* y;
  const int32_t* row0;  // (OH)
  const int32_t* row1;  // (OH); linear only, as those below
  const float* row_t;   // (OH)
  const int32_t* col0;  // (OW)
  const int32_t* col1;  // (OW)
  const float* col_t;   // (OW)
};

Launch resize_f16_launch(const ResizeF16Params& params);

}  // namespace pawl::kernels::cuda
