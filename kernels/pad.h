// An image inside a larger one of one number, NHWC.
//   y[oy,ox,c] = x[oy-pad_top, ox-pad_left, c] where that is inside x, else value
// Shapes   x (IH,IW,C), y (OH,OW,C), pixel strides in elements (>= C).
// Requires pad_top, pad_left >= 0, IH + pad_top <= OH, IW + pad_left <= OW; y does not overlap x.
// Threads  as conv.h. Error: none, a copy.
#pragma once

#include <cstdint>

namespace pawl::kernels {

template <typename Element>
struct PadParams {
  int32_t IH, IW, C;
  int32_t OH, OW;
  int32_t pad_top, pad_left;
  int32_t x_pixel_stride, y_pixel_stride;
  const Element* x;
  Element* y;
  Element value;
};

// As fast as memory with any instruction set, so there is one of each.
void pad(const PadParams<float>& p, int32_t part, int32_t parts);
void pad_u8(const PadParams<uint8_t>& p, int32_t part, int32_t parts);

}  // namespace pawl::kernels
