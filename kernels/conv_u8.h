// Dense 2-D convolution, NHWC, u8 activations, s8 weights, s32 accumulators, fused epilogue.
//   acc[oy,ox,oc] = bias[oc] + sum_{ky,kx,ic} x[oy*sh+ky*dh-pt, ox*sw+kx*dw-pl, ic]
//                                             * w[oc,ic,ky,kx]
//   y[oy,ox,oc]   = epilogue(acc)                                                (quantized.h)
// Outside the image x is `pad`, the input's zero point, so that padding is a real zero; bias[oc]
// carries round(real bias / scale[oc]) - zero * sum of the channel's weights.
//
// Shapes   x (IH,IW,IC), y (OH,OW,OC), residual (OH,OW,OC); channels contiguous, pixel strides in
//          elements (>= channels), rows dense in pixels. y is u8, or float32 where `y_float` is
//          set.
// Weights  packed by pack_conv_u8_weights: [ceil(OC/16)][KH][KW][ceil(IC/4)][16][4], zero-filled.
// pad      at least ceil(IC/4)*4 bytes, all the input's zero point.
// Reads    up to 3 bytes past the last channel of a pixel: buffers end in kSpareBytes more.
// Requires y overlaps neither x nor residual, except residual == y. |acc| < 2^31 by construction
//          (IC*KH*KW <= 2^15).
// Threads  call once per part in [0, parts), concurrently: parts write disjoint outputs.
// Error    none: bit-equal to cpu/conv_u8/scalar.cpp.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/quantized.h"

namespace pawl::kernels {

// IC*KH*KW at most: 2^15 products of 255*128 stay below 2^31.
inline constexpr int64_t kConvU8DepthMax = int64_t{1} << 15;

inline constexpr int32_t kConvU8Group = 4;  // input channels side by side for one output channel

struct ConvU8Params {
  int32_t IH, IW, IC;
  int32_t OH, OW, OC;
  int32_t KH, KW;
  int32_t stride_h, stride_w;
  int32_t pad_top, pad_left;
  int32_t dilation_h, dilation_w;
  int32_t x_pixel_stride, y_pixel_stride;
  const uint8_t* x;
  const int8_t* weight;
  const int32_t* bias;  // (OC rounded up to 16)
  const uint8_t* pad;
  uint8_t* y;      // null where y_float is set
  float* y_float;  // null where y is set
  Epilogue epilogue;
};

// weight (OC,IC,KH,KW) row-major s8 -> panels. `packed` holds packed_conv_u8_bytes() bytes.
size_t packed_conv_u8_bytes(int32_t OC, int32_t IC, int32_t KH, int32_t KW);
void pack_conv_u8_weights(const int8_t* weight, int32_t OC, int32_t IC, int32_t KH, int32_t KW,
                          int8_t* packed);

}  // namespace pawl::kernels
