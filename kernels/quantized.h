// 8-bit arithmetic shared by the quantized kernels: what a number means and how it is rounded.
//
//   real value of an activation  (u8 - zero) * scale        one scale and zero a tensor
//   real value of a weight       s8 * weight_scale[oc]      symmetric, one scale an output channel
//   quantize                     u8 = clamp(round(real * inverse_scale) + zero, 0, 255)
//
// round is to nearest, ties to even. Every float operation of an epilogue is a single IEEE float32
// multiplication, addition or fused multiply-add in the order that cpu/vec/requantize_scalar.h states,
// so every variant gives the same bits: quantized kernels are tested for equality.
#pragma once

#include <cstdint>

#include "kernels/activation.h"

namespace pawl::kernels {

// Kernels read whole registers: a buffer of bytes is followed by as many that may be read.
inline constexpr int64_t kSpareBytes = 64;

struct Quantization {
  float scale = 1.0F;
  int32_t zero = 0;  // 0 to 255
};

// The end of a quantized convolution, for one output element:
//   v = acc * scale[oc]                            acc: int32, bias and zero points folded in
//   v = activation(v)                              kSilu and kSigmoid by the table in
//                                                  cpu/vec/sigmoid_table.h, |error| <= 2e-4
//   v = v + (residual - residual_zero) * residual_scale        where there is a residual
//   y = quantize(v) with inverse_scale[oc]         or v itself, for a float output
// One factor a channel lets a compiler equalize the ranges of channels: what differs from the
// tensor's own 1 / scale is undone in the weights that read the channel.
struct Epilogue {
  const float* scale;  // (OC rounded up to the panel), input scale * weight scale
  ActivationParams activation;
  const uint8_t* residual;  // null: none
  int32_t residual_pixel_stride;
  Quantization residual_quantization;
  const float* inverse_scale;  // of y, (OC rounded up to the panel): per channel, at most 2^24
                               // each; unused for a float output
  int32_t zero;                // of y, one for all channels
};

// The largest magnitude of an integer bias that a sum of `depth` products, each at most 255 * 128,
// cannot carry out of 32 bits. Requires depth <= 2^16.
constexpr int64_t bias_limit(int64_t depth) {
  return (int64_t{1} << 31) - 1 - 255 * 128 * depth;
}

// False for kTanh, kMish and kGelu: a graph that has them computes that layer in float32. A kernel
// given one of them applies no activation.
bool epilogue_supports(Activation activation);

}  // namespace pawl::kernels
