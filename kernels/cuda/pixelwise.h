// Pixelwise operations and padding on NHWC float16: the contracts of kernels/pixelwise.h and
// kernels/pad.h on halves. Arithmetic is in float32, one rounding to float16.
//
// Parameters are those of the contracts; their float pointers hold addresses of float16 bits.
// Requires sm_53. First elements 16-byte aligned, pixel strides multiples of 8; fewer than 2^31
//          elements in y.
// Reads    nothing outside its operands' channels; writes nothing outside y's.
//
// Included by device code: C++17.
#pragma once

#include "kernels/cuda/launch.h"
#include "kernels/pad.h"
#include "kernels/pixelwise.h"

namespace pawl::kernels::cuda {

Launch unary_f16_launch(const UnaryParams& params);
Launch binary_f16_launch(const BinaryParams& params);
Launch gather_f16_launch(const GatherParams& params);
Launch focus_f16_launch(const FocusParams& params);
Launch pad_f16_launch(const PadParams<float>& params);

}  // namespace pawl::kernels::cuda
