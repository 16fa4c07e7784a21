#include "engine/compile/resize_network.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "engine/graph/inference.h"

namespace pawl::engine {
namespace {

constexpr size_t kImageRank = 4;

Error states_a_size(const Node& node) {
  return Error{Code::kUnsupported, "node \"" + node.name + "\" (" + std::string(op_name(node.op)) +
                                       ") states the size that the model was exported for"};
}

// Extents of what `node` gives, for the operators that infer_types() takes them of: a slice of
// channels, a resize by the factor it had. `before`: the shapes of input and output until now.
Result<Shape> new_extents(const Node& node, const Shape& now, const Shape& input_before,
                          const Shape& output_before) {
  const bool images = now.size() == kImageRank && output_before.size() == kImageRank;
  if (!images || (node.op != Op::kSlice && node.op != Op::kResize)) return states_a_size(node);
  Shape extents = output_before;
  for (size_t i = 2; i < kImageRank; ++i) {
    const int64_t product = now[i] * output_before[i];
    if (product % input_before[i] != 0) return states_a_size(node);
    extents[i] = product / input_before[i];
    if (node.op == Op::kSlice && output_before[i] != input_before[i]) return states_a_size(node);
  }
  return extents;
}

Status check_size(InputSize size, const FusedHead& head) {
  float largest = 1.0F;
  for (const FusedLevel& level : head.levels) largest = std::max(largest, level.stride);
  const auto stride = static_cast<int64_t>(std::lround(largest));
  const bool whole = size.width % stride == 0 && size.height % stride == 0;
  if (whole && size.width > 0 && size.height > 0) return {};
  return Error{Code::kInvalidArgument, "the network looks at cells of " + std::to_string(stride) +
                                           " pixels; width and height must be multiples of that"};
}

}  // namespace

Status resize_network(InputSize size, Graph* graph, FusedHead* head, PreprocessSpec* pre) {
  PAWL_TRY(check_size(size, *head));
  std::vector<Shape> before;
  for (const Value& value : graph->values) before.push_back(value.shape);
  const auto value = [graph](ValueId id) -> Value& {
    return graph->values[static_cast<size_t>(id)];
  };
  Shape& input = value(graph->inputs[0]).shape;
  input = {input[0], input[1], size.height, size.width};
  for (const Node& node : graph->nodes) {
    const auto first = static_cast<size_t>(node.inputs[0]);
    const auto output = static_cast<size_t>(node.outputs[0]);
    const bool stated = node.op == Op::kSlice || node.op == Op::kResize ||
                        node.op == Op::kReshape || node.op == Op::kExpand;
    Shape extents;
    if (stated) {
      extents =
          PAWL_TRY(new_extents(node, graph->values[first].shape, before[first], before[output]));
    }
    const auto types = PAWL_TRY(infer_types(*graph, node, stated ? &extents : nullptr)
                                    .context("node \"" + node.name + "\" at the new size"));
    for (size_t i = 0; i < node.outputs.size(); ++i) value(node.outputs[i]).shape = types[i].shape;
  }
  for (FusedLevel& level : head->levels) {
    const Shape& map = value(level.scores.value).shape;
    level.height = static_cast<int32_t>(map[2]);
    level.width = static_cast<int32_t>(map[3]);
    const auto stride = static_cast<int64_t>(std::lround(level.stride));
    if (map[2] * stride != size.height || map[3] * stride != size.width) {
      return Error{Code::kUnsupported, "a map of the head does not follow the input's size"};
    }
  }
  pre->width = static_cast<int32_t>(size.width);
  pre->height = static_cast<int32_t>(size.height);
  return {};
}

}  // namespace pawl::engine
