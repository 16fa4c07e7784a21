// The steps of a plan by kind: each reader proves its step and fills the parameters of its kernel.
#pragma once

#include "engine/runtime/steps/step_params.h"
#include "engine/runtime/steps/step_reader.h"

namespace pawl::engine::steps {

// image.cpp: float images.
Result<StepParams> read_conv(const StepReader& reader);
Result<StepParams> read_winograd(const StepReader& reader);
Result<StepParams> read_depthwise(const StepReader& reader);
Result<StepParams> read_pool(const StepReader& reader);
Result<StepParams> read_resize(const StepReader& reader);
Result<StepParams> read_unary(const StepReader& reader);
Result<StepParams> read_binary(const StepReader& reader);
Result<StepParams> read_gather(const StepReader& reader);
Result<StepParams> read_focus(const StepReader& reader);
Result<StepParams> read_attention(const StepReader& reader);

// pad.cpp.
Result<StepParams> read_pad(const StepReader& reader);
Result<StepParams> read_pad_u8(const StepReader& reader);

// quantized.cpp: 8-bit images.
Result<StepParams> read_conv_u8(const StepReader& reader);
Result<StepParams> read_depthwise_u8(const StepReader& reader);
Result<StepParams> read_quantize(const StepReader& reader);
Result<StepParams> read_dequantize(const StepReader& reader);
Result<StepParams> read_copy_u8(const StepReader& reader);
Result<StepParams> read_max_pool_u8(const StepReader& reader);
Result<StepParams> read_nearest_u8(const StepReader& reader);

// rescaled.cpp: 8-bit images, the output with a scale of its own.
Result<StepParams> read_binary_u8(const StepReader& reader);
Result<StepParams> read_average_pool_u8(const StepReader& reader);
Result<StepParams> read_table_u8(const StepReader& reader);

// dense.cpp: row-major tensors.
Result<StepParams> read_strided_copy(const StepReader& reader);
Result<StepParams> read_dense_binary(const StepReader& reader);
Result<StepParams> read_dense_unary(const StepReader& reader);
Result<StepParams> read_dense_reduce(const StepReader& reader);
Result<StepParams> read_matmul(const StepReader& reader);
Result<StepParams> read_topk(const StepReader& reader);
Result<StepParams> read_dense_gather(const StepReader& reader);

}  // namespace pawl::engine::steps
