#include "engine/compile/outline.h"

#include <algorithm>
#include <initializer_list>
#include <vector>

#include "engine/compile/pixel_use.h"
#include "engine/compile/value_parts.h"
#include "engine/graph/exported_size.h"

namespace pawl::engine {
namespace {

// The nodes between `value` and the convolutions, and by choice the matrix products, in front of
// it.
std::vector<const Node*> tail_of(const Graph& graph, const Uses& uses, ValueId value,
                                 bool behind_products) {
  std::vector<const Node*> nodes;
  std::vector<ValueId> open = {value};
  std::vector<bool> seen(graph.values.size(), false);
  while (!open.empty()) {
    const ValueId id = open.back();
    open.pop_back();
    if (id == kNoValue || seen[static_cast<size_t>(id)]) continue;
    seen[static_cast<size_t>(id)] = true;
    const int32_t producer = uses.producer[static_cast<size_t>(id)];
    if (producer < 0) continue;
    const Node& node = graph.nodes[static_cast<size_t>(producer)];
    if (node.op == Op::kConv || (behind_products && node.op == Op::kMatMul)) continue;
    nodes.push_back(&node);
    open.insert(open.end(), node.inputs.begin(), node.inputs.end());
  }
  return nodes;
}

bool any_is(const std::vector<const Node*>& nodes, std::initializer_list<Op> ops) {
  return std::any_of(nodes.begin(), nodes.end(), [&](const Node* node) {
    return std::find(ops.begin(), ops.end(), node->op) != ops.end();
  });
}

}  // namespace

ModelOutline outline_of(const Graph& graph) {
  ModelOutline outline;
  if (!graph.inputs.empty()) {
    outline.input_name = graph.value(graph.inputs[0]).name;
    outline.input_shape = graph.value(graph.inputs[0]).shape;
  }
  outline.pixels = pixel_use(graph);
  const Uses uses = compute_uses(graph);
  const std::vector<std::vector<AxisParts>> parts = value_parts(graph);
  for (const ValueId output : graph.outputs) {
    const Value& value = graph.value(output);
    const bool sigmoid = any_is(tail_of(graph, uses, output, false), {Op::kSigmoid});
    const std::vector<const Node*> tail = tail_of(graph, uses, output, true);
    outline.outputs.push_back(
        OutputOutline{.name = value.name,
                      .shape = value.shape,
                      .activation = sigmoid ? OutputActivation::kSigmoid : OutputActivation::kNone,
                      .parts = parts[static_cast<size_t>(output)],
                      .exp = any_is(tail, {Op::kExp}),
                      .ranked = any_is(tail, {Op::kTopK}),
                      .rotated = any_is(tail, {Op::kSin, Op::kCos})});
  }
  outline.metadata = graph.metadata;
  if (const std::optional<InputSize> size = exported_size(graph.metadata)) {
    outline.exported_width = size->width;
    outline.exported_height = size->height;
  }
  return outline;
}

}  // namespace pawl::engine
