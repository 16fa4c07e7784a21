// Dense 2-D convolution, NHWC, float16 in and out, float32 sums, on tensor cores, with bias,
// activation and residual fused.
//   acc[oy,ox,oc] = bias[oc] + sum_{ky,kx,ic} x[oy*sh+ky*dh-pt, ox*sw+kx*dw-pl, ic]
//                                             * w[oc,ky,kx,ic]
//   y[oy,ox,oc]   = half(activation(acc) (+ residual[oy,ox,oc]))
// Outside the image x is zero.
//
// Method   implicit GEMM: M = OH*OW pixels, N = OC, K = KH*KW*IC, walked 32 at a time; a CTA makes a
//          tile of pixels x channels, copies run some stages ahead of the products.
// Shapes   x (IH,IW,IC), y (OH,OW,OC), residual (OH,OW,OC). Channels are contiguous; one pixel and
//          the next lie *_pixel_stride elements apart (>= channels), rows are dense in pixels.
// Weights  packed by pack_conv_f16_weights: [OC][KH][KW][IC rounded up to 8], zero-filled.
//          bias [OC rounded up to 8] float32, zero-filled.
// Requires sm_80. Addresses 16-byte aligned, pixel strides multiples of 8. Fewer than 2^31 elements
//          between the first and the last of x, y, residual, weight. y overlaps neither x nor
//          residual, except residual == y.
// Reads    nothing outside its operands' channels; writes nothing outside y's.
// Error    |acc - exact| <= (K/16 + 16) * 2^-23 * (|bias| + sum |x*w|), activation 1e-5 * max(1,
//          |value|), one rounding to float16: 2^-11 * |y| + 2^-25. The exact convolution is
//          cpu/conv/scalar.cpp on the same halves.
//
// Included by device code: C++17.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/activation.h"

namespace pawl::kernels::cuda {

// By value, all a launch needs. Pointers are device addresses of float16 bits.
struct ConvF16Params {
  int32_t IH, IW, IC;
  int32_t OH, OW, OC;
  int32_t KH, KW;
  int32_t stride_h, stride_w;
  int32_t pad_top, pad_left;  // bottom and right follow from OH, OW
  int32_t dilation_h, dilation_w;
  int32_t x_pixel_stride, y_pixel_stride, residual_pixel_stride;
  const uint16_t* x;
  const uint16_t* weight;
  const float* bias;
  const uint16_t* residual;  // null: none
  uint16_t* y;
  ActivationParams activation;
};

struct ConvF16Variant {
  const char* kernel;  // the name of the entry, and in reports
  int32_t tile_pixels, tile_channels;
  int32_t threads;
};

// Every tile shape, largest first.
inline constexpr ConvF16Variant kConvF16Variants[] = {
    {"conv_f16_128x128", 128, 128, 256}, {"conv_f16_128x64", 128, 64, 256},
    {"conv_f16_128x32", 128, 32, 128},   {"conv_f16_64x64", 64, 64, 128},
    {"conv_f16_64x32", 64, 32, 128},     {"conv_f16_32x32", 32, 32, 64},
};

// One-dimensional blocks of variant.threads; shared memory is static.
struct ConvF16Grid {
  uint32_t x, y;  // tiles of pixels, tiles of channels
};
ConvF16Grid conv_f16_grid(const ConvF16Variant& variant, const ConvF16Params& params);

// weight (OC,IC,KH,KW) row-major float32 -> halves. `packed` holds packed_conv_f16_halves() of them.
size_t packed_conv_f16_halves(int32_t OC, int32_t IC, int32_t KH, int32_t KW);
void pack_conv_f16_weights(const float* weight, int32_t OC, int32_t IC, int32_t KH, int32_t KW,
                           uint16_t* packed);

}  // namespace pawl::kernels::cuda
