// Depthwise convolution, NHWC, float16 in and out, float32 weights and sums: the contract of
// kernels/depthwise.h on halves, one rounding to float16 at the end.
//
// Parameters are those of the contract; x, y and residual hold addresses of float16 bits.
// Requires sm_53. First elements 16-byte aligned, pixel strides multiples of 8; fewer than 2^31
//          elements in x, y.
// Reads    nothing outside its operands' channels; writes nothing outside y's.
// Error    KH*KW * 2^-23 * (|bias| + sum |x*w|), activation 1e-5 * max(1, |value|), 2^-11 * |y|.
//
// Included by device code: C++17.
#pragma once

#include <cstdint>

#include "kernels/cuda/launch.h"
#include "kernels/depthwise.h"

namespace pawl::kernels::cuda {

inline constexpr int32_t kDepthwiseGroups = 8;  // of eight channels, at most, in a CTA

Launch depthwise_f16_launch(const DepthwiseParams& params);

}  // namespace pawl::kernels::cuda
