// Spatial pyramid pooling: three max pools of 5x5 one after the other, stride 1, padding 2, all three
// outputs, in one kernel; NHWC, float16 or u8.
//   y[0] = pool(x), y[1] = pool(y[0]), y[2] = pool(y[1]): the largest of x in a window of 5, 9, 13
// Taps outside the image do not count. Of numbers; a NaN is passed over.
//
// Method   windows of 5, 9 and 13 are separable and each lies in the next: a CTA brings 8x8 pixels and
//          the 6 around them to shared memory, 32 bytes of channels, takes the largest along rows, then
//          along columns. x is read 6 times for an 8x8 tile in the middle; three pools read it 75 times.
// Shapes   x, y[] (H,W,C); pixels lie *_pixel_bytes apart, rows are dense in pixels.
// Requires sm_53. Addresses and pixel bytes multiples of 16; fewer than 2^31 bytes in x and each y,
//          none of which overlap.
// Reads    nothing outside x's channels; writes nothing outside y's.
// Error    none.
//
// Included by device code: C++17.
#pragma once

#include <cstdint>

#include "kernels/cuda/launch.h"

namespace pawl::kernels::cuda {

struct SppfParams {
  bool half;  // float16, else u8
  int32_t H, W;
  int32_t channel_bytes;  // C * 2, or C
  int32_t x_pixel_bytes, y_pixel_bytes;
  const uint8_t* x;
  uint8_t* y[3];
};

Launch sppf_launch(const SppfParams& params);

}  // namespace pawl::kernels::cuda
