// The handlers that translate ONNX operators, and the table that finds them.
#pragma once

#include <string_view>
#include <vector>

#include "engine/onnx/node_import.h"

namespace pawl::engine::onnx {

using Handler = Status (*)(NodeImport&);

// Null if the operator of ONNX's own domain is not supported.
Handler find_handler(std::string_view op_type);

// Every operator that find_handler() knows, alphabetically.
std::vector<std::string_view> operator_types();

// Whether the operator moves numbers about or chooses among them, and so works on codes
// (encoding.h) as on the numbers that they stand for.
bool moves_numbers(std::string_view op_type);

// Of a quantized dialect, supported or not.
bool is_quantized_operator(std::string_view op_type);

// import_quantized.cpp
Status import_quantize_linear(NodeImport&);
Status import_dequantize_linear(NodeImport&);
Status import_dynamic_quantize_linear(NodeImport&);

// import_convolution.cpp
Status import_conv(NodeImport&);
Status import_conv_transpose(NodeImport&);
Status import_batch_normalization(NodeImport&);
Status import_pool(NodeImport&);
Status import_global_pool(NodeImport&);

// import_resize.cpp
Status import_resize(NodeImport&);
Status import_upsample(NodeImport&);

// import_movement.cpp
Status import_concat(NodeImport&);
Status import_split(NodeImport&);
Status import_slice(NodeImport&);
Status import_transpose(NodeImport&);
Status import_expand(NodeImport&);
Status import_tile(NodeImport&);
Status import_pad(NodeImport&);
Status import_gather(NodeImport&);
Status import_gather_elements(NodeImport&);
Status import_blocks(NodeImport&);

// import_shape.cpp
Status import_constant(NodeImport&);
Status import_constant_of_shape(NodeImport&);
Status import_shape(NodeImport&);
Status import_size(NodeImport&);
Status import_range(NodeImport&);
Status import_reshape(NodeImport&);
Status import_flatten(NodeImport&);
Status import_squeeze(NodeImport&);
Status import_unsqueeze(NodeImport&);
Status import_identity(NodeImport&);

// import_elementwise.cpp
Status import_unary(NodeImport&);
Status import_unary_with_parameters(NodeImport&);
Status import_clip(NodeImport&);
Status import_cast(NodeImport&);
Status import_prelu(NodeImport&);
Status import_softsign(NodeImport&);
Status import_selu(NodeImport&);
Status import_binary(NodeImport&);
Status import_composed_comparison(NodeImport&);
Status import_pow(NodeImport&);
Status import_variadic(NodeImport&);
Status import_where(NodeImport&);

// import_matrix.cpp
Status import_matmul(NodeImport&);
Status import_gemm(NodeImport&);
Status import_softmax(NodeImport&);
Status import_layer_normalization(NodeImport&);
Status import_instance_normalization(NodeImport&);
Status import_group_normalization(NodeImport&);

// import_reduction.cpp
Status import_reduce(NodeImport&);
Status import_arg(NodeImport&);
Status import_top_k(NodeImport&);

}  // namespace pawl::engine::onnx
