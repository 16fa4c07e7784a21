// Dense 2-D convolution, NHWC, u8 activations, s8 weights, s32 accumulators, on tensor cores, with
// the fused epilogue of kernels/quantized.h.
//   acc[oy,ox,oc] = bias[oc] + sum_{ky,kx,ic} x[oy*sh+ky*dh-pt, ox*sw+kx*dw-pl, ic]
//                                             * w[oc,ky,kx,ic]
//   y[oy,ox,oc]   = epilogue(acc)
// Outside the image x is what `pad` holds.
//
// Method   conv.h, K walked 64 at a time.
// Shapes   x (IH,IW,IC), y (OH,OW,OC), residual (OH,OW,OC); channels contiguous, pixel strides in
//          elements (>= channels), rows dense in pixels. y is u8, or float16 where `y_half` is set.
// Weights  packed by pack_conv_u8_rows: [OC][KH][KW][IC rounded up to 16], zero-filled. bias, and the
//          epilogue's scale and inverse_scale, [OC rounded up to 8].
// pad      16 bytes: the input's zero point, or where IC <= 16 what stands for 0 in each channel.
// Requires sm_80. Addresses 16-byte aligned; x's pixel stride a multiple of 16, the others of 8. Fewer
//          than 2^31 elements between the first and the last of x, y, residual, weight. y overlaps
//          neither x nor residual, except residual == y. |acc| < 2^31 by construction (IC*KH*KW <=
//          2^15). An activation that epilogue_supports().
// Reads    nothing outside its operands' channels; writes nothing outside y's.
// Error    none: bit-equal to cpu/conv_u8/scalar.cpp; its floats rounded once for y_half.
//
// Included by device code: C++17.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/quantized.h"

namespace pawl::kernels::cuda {

// By value, all a launch needs. Pointers are device addresses, those of the epilogue too.
struct ConvU8LaunchParams {
  int32_t IH, IW, IC;
  int32_t OH, OW, OC;
  int32_t KH, KW;
  int32_t stride_h, stride_w;
  int32_t pad_top, pad_left;  // bottom and right follow from OH, OW
  int32_t dilation_h, dilation_w;
  int32_t x_pixel_stride, y_pixel_stride;
  const uint8_t* x;
  const int8_t* weight;
  const int32_t* bias;
  const uint8_t* pad;
  uint8_t* y;        // null where y_half is set
  uint16_t* y_half;  // null where y is set
  Epilogue epilogue;
};

struct ConvU8Variant {
  const char* kernel;  // the name of the entry, and in reports
  int32_t tile_pixels, tile_channels;
  int32_t threads;
};

// Every tile shape, largest first.
inline constexpr ConvU8Variant kConvU8Variants[] = {
    {"conv_u8_128x128", 128, 128, 256}, {"conv_u8_128x64", 128, 64, 256},
    {"conv_u8_128x32", 128, 32, 128},   {"conv_u8_64x64", 64, 64, 128},
    {"conv_u8_64x32", 64, 32, 128},     {"conv_u8_32x32", 32, 32, 64},
};

// One-dimensional blocks of variant.threads; shared memory is static.
struct ConvU8Grid {
  uint32_t x, y;  // tiles of pixels, tiles of channels
};
ConvU8Grid conv_u8_grid(const ConvU8Variant& variant, const ConvU8LaunchParams& params);

// weight (OC,IC,KH,KW) row-major s8 -> rows. `packed` holds packed_conv_u8_row_bytes() bytes.
size_t packed_conv_u8_row_bytes(int32_t OC, int32_t IC, int32_t KH, int32_t KW);
void pack_conv_u8_rows(const int8_t* weight, int32_t OC, int32_t IC, int32_t KH, int32_t KW,
                       int8_t* packed);

}  // namespace pawl::kernels::cuda
