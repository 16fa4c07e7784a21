// Operations on NHWC u8 images beside convolution, and the two ways between u8 and float16: the
// contracts of kernels/pixelwise_u8.h, kernels/rescale_u8.h, kernels/pad.h and kernels/depthwise_u8.h.
//
// Parameters are those of the contracts; float pointers hold addresses of float16 bits.
// Requires sm_53. First elements 16-byte aligned (copy_u8: y anywhere), pixel strides multiples of 16 (float16: of 8); fewer
//          than 2^31 elements in every image.
// Reads    nothing outside its operands' channels; writes nothing outside y's.
// Error    none against the scalar specification; what becomes float16 is rounded once.
//
// Included by device code: C++17.
#pragma once

#include "kernels/cuda/launch.h"
#include "kernels/depthwise_u8.h"
#include "kernels/pad.h"
#include "kernels/pixelwise_u8.h"
#include "kernels/rescale_u8.h"

namespace pawl::kernels::cuda {

Launch quantize_launch(const QuantizeParams& params);
Launch dequantize_launch(const DequantizeParams& params);
Launch copy_u8_launch(const CopyU8Params& params);
Launch max_pool_u8_launch(const MaxPoolU8Params& params);
Launch nearest_u8_launch(const NearestU8Params& params);
Launch binary_u8_launch(const BinaryU8Params& params);
Launch average_pool_u8_launch(const AveragePoolU8Params& params);
Launch table_u8_launch(const TableU8Params& params);
Launch pad_u8_launch(const PadParams<uint8_t>& params);
Launch depthwise_u8_launch(const DepthwiseU8Params& params);

}  // namespace pawl::kernels::cuda
