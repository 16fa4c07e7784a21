// Add(Conv, other) -> Conv with a residual: the sum costs one read in the epilogue.
#include <algorithm>

#include "engine/passes/passes.h"
#include "engine/passes/rewrite.h"

namespace pawl::engine {
namespace {

bool takes_residual(const Graph& graph, const Uses& uses, ValueId value, int32_t add) {
  const Node* conv = producer_of(graph, uses, value, Op::kConv);
  return conv != nullptr && conv->inputs.size() <= 3 && has_constant_weights(graph, *conv) &&
         sole_consumer(uses, value) == add;
}

// The convolution that can carry the Add at `index`, moved there; -1, or its old place. Only its
// output's reader and producer matter to other Adds, and both are this one: `uses` stays good.
int32_t fuse(Graph* graph, const Uses& uses, int32_t index) {
  const Node& add = graph->nodes[static_cast<size_t>(index)];
  if (add.inputs[0] == add.inputs[1]) return -1;
  for (int side = 1; side >= 0; --side) {  // exporters write x + conv(...): try the second first
    const ValueId sum = add.inputs[static_cast<size_t>(side)];
    const ValueId other = add.inputs[static_cast<size_t>(1 - side)];
    if (!takes_residual(*graph, uses, sum, index)) continue;
    if (graph->value(sum).shape != graph->value(other).shape || graph->value(other).constant) {
      continue;
    }
    // The fused node stands where the Add stood, after everything it reads.
    const int32_t place = uses.producer[static_cast<size_t>(sum)];
    Node conv = std::move(graph->nodes[static_cast<size_t>(place)]);
    if (conv.inputs.size() < 3) conv.inputs.push_back(kNoValue);
    conv.inputs.push_back(other);
    conv.outputs[0] = add.outputs[0];
    graph->nodes[static_cast<size_t>(index)] = std::move(conv);
    return place;
  }
  return -1;
}

}  // namespace

int32_t fuse_residuals(Graph* graph) {
  const Uses uses = compute_uses(*graph);
  std::vector<bool> gone(graph->nodes.size(), false);
  int32_t fused = 0;
  for (size_t i = 0; i < graph->nodes.size(); ++i) {
    if (graph->nodes[i].op != Op::kAdd) continue;
    const int32_t place = fuse(graph, uses, static_cast<int32_t>(i));
    if (place < 0) continue;
    gone[static_cast<size_t>(place)] = true;
    ++fused;
  }
  remove_nodes(graph, gone);
  remove_dead_nodes(graph);
  return fused;
}

}  // namespace pawl::engine
