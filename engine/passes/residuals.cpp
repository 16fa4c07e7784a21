// Add(Conv, other) -> Conv with a residual: the sum costs one read in the epilogue.
#include <algorithm>

#include "engine/passes/passes.h"
#include "engine/passes/rewrite.h"

namespace pawl::engine {
namespace {

bool takes_residual(const Graph& graph, const Uses& uses, ValueId value, int32_t add) {
  const Node* conv = producer_of(graph, uses, value, Op::kConv);
  return conv != nullptr && conv->inputs.size() <= 3 && sole_consumer(uses, value) == add;
}

// Fuses the Add at `index` if one of its inputs is a convolution nobody else reads.
bool fuse(Graph* graph, const Uses& uses, int32_t index) {
  const Node& add = graph->nodes[static_cast<size_t>(index)];
  if (add.inputs[0] == add.inputs[1]) return false;
  for (int side = 1; side >= 0; --side) {  // exporters write x + conv(...): try the second first
    const ValueId sum = add.inputs[static_cast<size_t>(side)];
    const ValueId other = add.inputs[static_cast<size_t>(1 - side)];
    if (!takes_residual(*graph, uses, sum, index)) continue;
    if (graph->value(sum).shape != graph->value(other).shape || graph->value(other).constant) {
      continue;
    }
    // The fused node stands where the Add stood, after everything it reads.
    const auto conv_index = static_cast<size_t>(uses.producer[static_cast<size_t>(sum)]);
    Node conv = std::move(graph->nodes[conv_index]);
    if (conv.inputs.size() < 3) conv.inputs.push_back(kNoValue);
    conv.inputs.push_back(other);
    conv.outputs[0] = add.outputs[0];
    graph->nodes[static_cast<size_t>(index)] = std::move(conv);
    graph->nodes.erase(graph->nodes.begin() + static_cast<std::ptrdiff_t>(conv_index));
    return true;
  }
  return false;
}

}  // namespace

int32_t fuse_residuals(Graph* graph) {
  int32_t fused = 0;
  bool changed = true;
  while (changed) {
    changed = false;
    const Uses uses = compute_uses(*graph);
    for (size_t i = 0; i < graph->nodes.size() && !changed; ++i) {
      if (graph->nodes[i].op == Op::kAdd) changed = fuse(graph, uses, static_cast<int32_t>(i));
    }
    fused += changed ? 1 : 0;
  }
  remove_dead_nodes(graph);
  return fused;
}

}  // namespace pawl::engine
