#include "engine/compile/outline.h"

#include <algorithm>
#include <vector>

namespace pawl::engine {
namespace {

// Whether a sigmoid lies between `value` and the convolutions before it, on any path.
Activation activation_before(const Graph& graph, const Uses& uses, ValueId value) {
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
    if (node.op == Op::kSigmoid) return Activation::kSigmoid;
    if (node.op == Op::kConv) continue;
    open.insert(open.end(), node.inputs.begin(), node.inputs.end());
  }
  return Activation::kNone;
}

}  // namespace

ModelOutline outline_of(const Graph& graph) {
  ModelOutline outline;
  if (!graph.inputs.empty()) {
    outline.input_name = graph.value(graph.inputs[0]).name;
    outline.input_shape = graph.value(graph.inputs[0]).shape;
  }
  const Uses uses = compute_uses(graph);
  for (const ValueId output : graph.outputs) {
    const Value& value = graph.value(output);
    outline.outputs.push_back(OutputOutline{.name = value.name,
                                            .shape = value.shape,
                                            .activation = activation_before(graph, uses, output)});
  }
  outline.metadata = graph.metadata;
  outline.has_exp = std::any_of(graph.nodes.begin(), graph.nodes.end(),
                                [](const Node& node) { return node.op == Op::kExp; });
  return outline;
}

}  // namespace pawl::engine
