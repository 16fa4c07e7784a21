// Operators of the quantized dialects in terms of float ones: QLinearConv is DequantizeLinear of
// each operand, Conv, QuantizeLinear of the result; ConvInteger is a Conv of codes less their zero
// points.
#pragma once

#include <string_view>
#include <vector>

#include "engine/onnx/graph_builder.h"

namespace pawl::engine::onnx {

// Of ONNX's own domain or com.microsoft's.
bool is_expandable(const OnnxNode& node);

// Every operator that is expandable.
std::vector<std::string_view> expandable_types();

// The nodes that `node` stands for, in order of execution, all of ONNX's own domain; they write its
// output. Requires is_expandable(). Errors: an operand or attribute that has no float counterpart.
Result<std::vector<OnnxNode>> expand(GraphBuilder* builder, const OnnxNode& node, int64_t opset);

}  // namespace pawl::engine::onnx
