#include "engine/quantize/last_convolutions.h"

namespace pawl::engine {
namespace {

// Through operators that only move numbers.
bool comes_from_softmax(const Graph& graph, const Uses& uses, ValueId id) {
  for (;;) {
    const int32_t producer = uses.producer[static_cast<size_t>(id)];
    if (producer < 0) return false;
    const Node& node = graph.nodes[static_cast<size_t>(producer)];
    switch (node.op) {
      case Op::kSoftmax:
        return true;
      case Op::kTranspose:
      case Op::kReshape:
      case Op::kSlice:
      case Op::kSplit:
        id = node.inputs[0];
        break;
      default:
        return false;
    }
  }
}

}  // namespace

std::vector<bool> last_convolutions(const Graph& graph, const Uses& uses) {
  std::vector<bool> last(graph.nodes.size(), false);
  std::vector<bool> seen(graph.values.size(), false);
  std::vector<ValueId> open = graph.outputs;
  while (!open.empty()) {
    const ValueId id = open.back();
    open.pop_back();
    if (id == kNoValue || seen[static_cast<size_t>(id)]) continue;
    seen[static_cast<size_t>(id)] = true;
    const int32_t producer = uses.producer[static_cast<size_t>(id)];
    if (producer < 0) continue;
    const Node& node = graph.nodes[static_cast<size_t>(producer)];
    if (node.op == Op::kConv) {
      last[static_cast<size_t>(producer)] = true;
      if (!comes_from_softmax(graph, uses, node.inputs[0])) continue;
    }
    open.insert(open.end(), node.inputs.begin(), node.inputs.end());
  }
  return last;
}

}  // namespace pawl::engine
