#include "engine/onnx/expand_quantized.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

namespace pawl::engine::onnx {
namespace {

constexpr int kNone = -1;

// Input indices of an operand's codes, scale and zero point. kNone for the scale: codes are used
// as they are.
struct Operand {
  int codes, scale, zero;
  int64_t axis;  // of scales and zero points one a channel
};
constexpr Operand kNoOperand{kNone, kNone, kNone, 0};

struct Row {
  std::string_view op_type;
  const char* float_op;
  Operand operands[2];
  int bias;                       // its scale is the product of the operands'
  int result_scale, result_zero;  // kNone: the result is not quantized
};

// QLinearConcat, whose operands come in threes behind the result's, is in expand().
constexpr Row kRows[] = {
    {"ConvInteger", "Conv", {{0, kNone, 2, 1}, {1, kNone, 3, 0}}, kNone, kNone, kNone},
    {"MatMulInteger", "MatMul", {{0, kNone, 2, -2}, {1, kNone, 3, -1}}, kNone, kNone, kNone},
    {"QLinearAdd", "Add", {{0, 1, 2, 1}, {3, 4, 5, 1}}, kNone, 6, 7},
    {"QLinearAveragePool", "AveragePool", {{0, 1, 2, 1}, kNoOperand}, kNone, 3, 4},
    {"QLinearConv", "Conv", {{0, 1, 2, 1}, {3, 4, 5, 0}}, 8, 6, 7},
    {"QLinearGlobalAveragePool", "GlobalAveragePool", {{0, 1, 2, 1}, kNoOperand}, kNone, 3, 4},
    {"QLinearLeakyRelu", "LeakyRelu", {{0, 1, 2, 1}, kNoOperand}, kNone, 3, 4},
    {"QLinearMatMul", "MatMul", {{0, 1, 2, -2}, {3, 4, 5, -1}}, kNone, 6, 7},
    {"QLinearMul", "Mul", {{0, 1, 2, 1}, {3, 4, 5, 1}}, kNone, 6, 7},
    {"QLinearSigmoid", "Sigmoid", {{0, 1, 2, 1}, kNoOperand}, kNone, 3, 4},
    {"QLinearSoftmax", "Softmax", {{0, 1, 2, 1}, kNoOperand}, kNone, 3, 4},
};
constexpr std::string_view kConcat = "QLinearConcat";

const Row* find_row(std::string_view op_type) {
  const auto* found = std::find_if(std::begin(kRows), std::end(kRows),
                                   [&](const Row& row) { return row.op_type == op_type; });
  return found == std::end(kRows) ? nullptr : found;
}

class Expansion {
 public:
  Expansion(GraphBuilder* builder, const OnnxNode& node) : builder_(*builder), node_(node) {}

  // The name of an operand's real numbers.
  std::string dequantize(const std::string& codes, const std::string& scale,
                         const std::string& zero, int64_t axis) {
    OnnxAttribute attribute;
    attribute.kind = OnnxAttribute::Kind::kInteger;
    attribute.integer = axis;
    return add("DequantizeLinear", {codes, scale, zero}, {{"axis", attribute}});
  }
  std::string dequantize(const Operand& operand) {
    const std::string scale = operand.scale == kNone ? one() : input(operand.scale);
    return dequantize(input(operand.codes), scale, input(operand.zero), operand.axis);
  }
  std::string add(const std::string& op_type, std::vector<std::string> inputs,
                  std::map<std::string, OnnxAttribute, std::less<>> attributes) {
    const std::string output = builder_.fresh_name(node_.outputs[0] + "/" + op_type);
    nodes_.push_back({node_.name, op_type, "", std::move(inputs), {output}, std::move(attributes)});
    return output;
  }
  // The last node so far gives the result: it writes the node's output. So does a QuantizeLinear
  // after it, which takes the name over: real numbers and codes are one value of the graph.
  std::vector<OnnxNode> finish(const std::string& scale, const std::string& zero) {
    nodes_.back().outputs = {node_.outputs[0]};
    if (!scale.empty()) {
      nodes_.push_back({node_.name,
                        "QuantizeLinear",
                        "",
                        {node_.outputs[0], scale, zero},
                        {node_.outputs[0]},
                        {}});
    }
    return std::move(nodes_);
  }
  // "" where absent.
  std::string input(int index) const {
    const auto i = static_cast<size_t>(index);
    return index == kNone || i >= node_.inputs.size() ? std::string() : node_.inputs[i];
  }

 private:
  std::string one() {
    const float value = 1.0F;
    const std::string name = builder_.fresh_name(node_.outputs[0] + "/one");
    builder_.bind(name,
                  builder_.graph().add_constant(name, Tensor::of<float>({}, std::span(&value, 1))));
    return name;
  }

  GraphBuilder& builder_;
  const OnnxNode& node_;
  std::vector<OnnxNode> nodes_;
};

// Attributes of the quantized operator that its float one has too.
Result<std::map<std::string, OnnxAttribute, std::less<>>> float_attributes(const OnnxNode& node,
                                                                           int64_t opset) {
  auto attributes = node.attributes;
  const auto take = [&attributes](std::string_view name, int64_t otherwise) {
    const auto found = attributes.find(name);
    if (found == attributes.end()) return otherwise;
    const int64_t value = found->second.integer;
    attributes.erase(found);
    return value;
  };
  if (take("channels_last", 0) != 0) {
    return Error{Code::kUnsupported, "attribute \"channels_last\" = 1 is not supported"};
  }
  // Of Softmax: whether the dimensions behind the axis are one with it.
  if (node.op_type == "QLinearSoftmax" && (take("opset", opset) < 13) != (opset < 13)) {
    return Error{Code::kUnsupported,
                 "attribute \"opset\" is on the other side of 13 than the file"};
  }
  return attributes;
}

}  // namespace

bool is_expandable(const OnnxNode& node) {
  const bool known_domain = node.domain.empty() || node.domain == "com.microsoft";
  return known_domain && (node.op_type == kConcat || find_row(node.op_type) != nullptr);
}

std::vector<std::string_view> expandable_types() {
  std::vector<std::string_view> types = {kConcat};
  for (const Row& row : kRows) types.push_back(row.op_type);
  return types;
}

Result<std::vector<OnnxNode>> expand(GraphBuilder* builder, const OnnxNode& node, int64_t opset) {
  if (node.outputs.size() != 1 || node.outputs[0].empty()) {
    return Error{Code::kCorrupt, "it does not have one output"};
  }
  auto attributes = PAWL_TRY(float_attributes(node, opset));
  Expansion expansion(builder, node);
  std::vector<std::string> inputs;
  int result_scale = 0;
  int result_zero = 1;
  if (node.op_type == kConcat) {
    for (int i = 2; static_cast<size_t>(i) < node.inputs.size(); i += 3) {
      inputs.push_back(expansion.dequantize(Operand{i, i + 1, i + 2, 1}));
    }
    expansion.add("Concat", std::move(inputs), std::move(attributes));
  } else {
    const Row& row = *find_row(node.op_type);
    for (const Operand& operand : row.operands) {
      if (operand.codes != kNone) inputs.push_back(expansion.dequantize(operand));
    }
    if (!expansion.input(row.bias).empty()) {
      const std::string scale = expansion.add(
          "Mul", {expansion.input(row.operands[0].scale), expansion.input(row.operands[1].scale)},
          {});
      inputs.push_back(expansion.dequantize(expansion.input(row.bias), scale, "", 0));
    }
    expansion.add(row.float_op, std::move(inputs), std::move(attributes));
    result_scale = row.result_scale;
    result_zero = row.result_zero;
  }
  const std::string scale = expansion.input(result_scale);
  if (result_scale != kNone && scale.empty()) {
    return Error{Code::kCorrupt, "the scale of its result is missing"};
  }
  return expansion.finish(scale, expansion.input(result_zero));
}

}  // namespace pawl::engine::onnx
