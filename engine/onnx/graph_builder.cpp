#include "engine/onnx/graph_builder.h"

#include <utility>

#include "engine/graph/inference.h"
#include "engine/reference/reference.h"

namespace pawl::engine::onnx {
namespace {

int64_t bytes_of(const Value& value) {
  return element_count(value.shape) * static_cast<int64_t>(dtype_bytes(value.dtype));
}

// Roughly the multiplications of a node; in floating point, where nothing overflows.
double work_of(const Graph& graph, const Node& node) {
  double elements = 0;
  for (const ValueId id : node.inputs) {
    if (id != kNoValue) elements += static_cast<double>(element_count(graph.value(id).shape));
  }
  double written = 0;
  for (const ValueId id : node.outputs) {
    written += static_cast<double>(element_count(graph.value(id).shape));
  }
  const auto extent = [&](size_t input, size_t from_the_end) {
    const Shape& shape = graph.value(node.inputs[input]).shape;
    return static_cast<double>(shape[shape.size() - 1 - from_the_end]);
  };
  switch (node.op) {
    case Op::kConv:
      return written * extent(1, 2) * extent(1, 1) * extent(1, 0);
    case Op::kConvTranspose:
      return elements * extent(1, 2) * extent(1, 1) * extent(1, 0);
    case Op::kMaxPool:
    case Op::kAveragePool:
      return written * static_cast<double>(node.integers("kernel")[0]) *
             static_cast<double>(node.integers("kernel")[1]);
    case Op::kMatMul:
      return written * extent(0, 0);
    default:
      return (elements + written) * 32;
  }
}

}  // namespace

GraphBuilder::GraphBuilder(const OnnxModel& model, int64_t opset) {
  graph_.name = model.name;
  graph_.opset = opset;
  graph_.producer = model.producer;
  graph_.metadata = model.metadata;
  unsigned_16_ = model.unsigned_16;
  for (const OnnxInput& input : model.inputs) names_.insert(input.name);
  for (const auto& [name, tensor] : model.initialisers) names_.insert(name);
  for (const OnnxNode& node : model.nodes) names_.insert(node.outputs.begin(), node.outputs.end());
}

ValueId GraphBuilder::find(const std::string& name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? kNoValue : found->second;
}

void GraphBuilder::bind(const std::string& name, ValueId id) {
  by_name_[name] = id;
  encodings_.erase(name);
}

void GraphBuilder::bind_codes(const std::string& name, ValueId id, Encoding encoding) {
  by_name_[name] = id;
  encodings_[name] = std::move(encoding);
}

const Encoding* GraphBuilder::encoding(const std::string& name) const {
  const auto found = encodings_.find(name);
  return found == encodings_.end() ? nullptr : &found->second;
}

const Node* GraphBuilder::producer(ValueId id) const {
  const auto found = producers_.find(id);
  return found == producers_.end() ? nullptr : &graph_.nodes[found->second];
}

std::string GraphBuilder::fresh_name(const std::string& stem) {
  std::string name = stem;
  for (int suffix = 2; !names_.insert(name).second; ++suffix) {
    name = stem + "_" + std::to_string(suffix);
  }
  return name;
}

bool GraphBuilder::may_fold(const Node& node) const {
  for (const ValueId id : node.inputs) {
    if (id != kNoValue && graph_.value(id).constant == nullptr) return false;
  }
  int64_t total = folded_bytes_;
  for (const ValueId id : node.outputs) {
    const int64_t bytes = bytes_of(graph_.value(id));
    if (bytes > kFoldedTensorBytesMax) return false;
    total += bytes;
  }
  const double work = work_of(graph_, node);
  return total <= kFoldedBytesMax && work <= kFoldedNodeWorkMax &&
         folded_work_ + work <= kFoldedWorkMax;
}

Status GraphBuilder::fold(const Node& node) {
  folded_work_ += work_of(graph_, node);
  std::vector<const Tensor*> inputs;
  for (const ValueId id : node.inputs) {
    inputs.push_back(id == kNoValue ? nullptr : graph_.value(id).constant.get());
  }
  auto outputs = PAWL_TRY(evaluate_node(graph_, node, inputs));
  for (size_t i = 0; i < outputs.size(); ++i) {
    Value& value = graph_.value(node.outputs[i]);
    folded_bytes_ += bytes_of(value);
    value.constant = std::make_shared<const Tensor>(std::move(outputs[i]));
  }
  return {};
}

Result<std::vector<ValueId>> GraphBuilder::append(Node node,
                                                  const std::vector<std::string>& output_names,
                                                  const Shape* extents) {
  node.outputs.assign(output_names.size(), kNoValue);
  const auto types = PAWL_TRY(infer_types(graph_, node, extents));
  PAWL_CHECK(types.size() == output_names.size());
  for (size_t i = 0; i < types.size(); ++i) {
    node.outputs[i] = graph_.add_value(output_names[i], types[i].dtype, types[i].shape);
  }
  const std::vector<ValueId> outputs = node.outputs;
  if (may_fold(node)) {
    PAWL_TRY(fold(node));
    return outputs;
  }
  for (size_t i = 0; i < types.size(); ++i) {
    // Constants may be empty (an absent roi); what is computed for each frame may not.
    if (element_count(types[i].shape) == 0) {
      return Error{Code::kCorrupt, "its output \"" + output_names[i] + "\" is empty (shape " +
                                       to_string(types[i].shape) + ")"};
    }
  }
  for (const ValueId id : outputs) producers_[id] = graph_.nodes.size();
  graph_.nodes.push_back(std::move(node));
  return outputs;
}

}  // namespace pawl::engine::onnx
