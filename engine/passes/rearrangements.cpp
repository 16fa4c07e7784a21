// Data movement that exporters spell out in general operators and that has a name.
#include <array>
#include <optional>
#include <vector>

#include "engine/passes/passes.h"
#include "engine/passes/rewrite.h"

namespace pawl::engine {
namespace {

// One of Focus's four slices: rows dy, dy+2, ... and columns dx, dx+2, ... of `source`.
struct Phase {
  ValueId source;
  int64_t dy, dx;
};

std::optional<Phase> phase_of(const Graph& graph, const Uses& uses, ValueId value) {
  std::array<int64_t, 2> start = {0, 0};
  std::array<int64_t, 2> step = {1, 1};
  // At most two slices, one an axis.
  for (int hop = 0; hop < 2; ++hop) {
    const Node* slice = producer_of(graph, uses, value, Op::kSlice);
    if (slice == nullptr) break;
    const std::vector<int64_t>& starts = slice->integers("starts");
    const std::vector<int64_t>& steps = slice->integers("steps");
    if (starts.size() != 4 || starts[0] != 0 || starts[1] != 0 || steps[0] != 1 || steps[1] != 1) {
      return std::nullopt;
    }
    for (size_t axis = 0; axis < 2; ++axis) {
      if (steps[axis + 2] == 1 && starts[axis + 2] == 0) continue;
      if (step[axis] != 1) return std::nullopt;  // sliced twice
      start[axis] = starts[axis + 2];
      step[axis] = steps[axis + 2];
    }
    value = slice->inputs[0];
  }
  const bool halves = step[0] == 2 && step[1] == 2 && start[0] >= 0 && start[0] < 2 &&
                      start[1] >= 0 && start[1] < 2;
  if (!halves) return std::nullopt;
  return Phase{value, start[0], start[1]};
}

}  // namespace

int32_t recognise_focus(Graph* graph) {
  const Uses uses = compute_uses(*graph);
  int32_t recognised = 0;
  for (Node& node : graph->nodes) {
    if (node.op != Op::kConcat || node.inputs.size() != 4 || node.integer("axis") != 1) continue;
    std::vector<int64_t> order;
    ValueId source = kNoValue;
    for (const ValueId input : node.inputs) {
      const std::optional<Phase> phase = phase_of(*graph, uses, input);
      if (!phase || (source != kNoValue && phase->source != source)) break;
      source = phase->source;
      order.insert(order.end(), {phase->dy, phase->dx});
    }
    if (order.size() != 8) continue;
    const Shape& in = graph->value(source).shape;
    const Shape& out = graph->value(node.outputs[0]).shape;
    if (in.size() != 4 || in[2] != 2 * out[2] || in[3] != 2 * out[3] || out[1] != 4 * in[1]) {
      continue;
    }
    node.op = Op::kFocus;
    node.inputs = {source};
    node.attributes.clear();
    node.attributes["order"] = std::move(order);
    ++recognised;
  }
  remove_dead_nodes(graph);
  return recognised;
}

int32_t recognise_channel_shuffle(Graph* graph) {
  const Uses uses = compute_uses(*graph);
  int32_t recognised = 0;
  const size_t nodes = graph->nodes.size();
  for (size_t i = 0; i < nodes; ++i) {
    const Node& last = graph->nodes[i];
    if (last.op != Op::kReshape) continue;
    const Node* transpose = producer_of(*graph, uses, last.inputs[0], Op::kTranspose);
    if (transpose == nullptr || sole_consumer(uses, transpose->outputs[0]) < 0) continue;
    const Node* first = producer_of(*graph, uses, transpose->inputs[0], Op::kReshape);
    if (first == nullptr || sole_consumer(uses, first->outputs[0]) < 0) continue;
    const ValueId source = first->inputs[0];
    const Shape& in = graph->value(source).shape;
    const Shape& grouped = graph->value(first->outputs[0]).shape;
    const std::vector<int64_t> swap = {0, 2, 1, 3, 4};
    if (in.size() != 4 || in != graph->value(last.outputs[0]).shape || grouped.size() != 5 ||
        transpose->integers("perm") != swap || grouped[1] * grouped[2] != in[1] ||
        grouped[3] != in[2] || grouped[4] != in[3]) {
      continue;
    }
    // Channel j*G + g of the result is channel g*K + j of the source.
    std::vector<int64_t> index;
    for (int64_t j = 0; j < grouped[2]; ++j) {
      for (int64_t g = 0; g < grouped[1]; ++g) index.push_back(g * grouped[2] + j);
    }
    const std::string name = graph->value(last.outputs[0]).name + ".permutation";
    const ValueId indices =
        graph->add_constant(name, Tensor::of<int64_t>({in[1]}, std::span<const int64_t>(index)));
    Node& node = graph->nodes[i];
    node.op = Op::kGather;
    node.inputs = {source, indices};
    node.attributes.clear();
    node.attributes["axis"] = int64_t{1};
    ++recognised;
  }
  remove_dead_nodes(graph);
  return recognised;
}

void optimise(Graph* graph) {
  recognise_focus(graph);
  recognise_channel_shuffle(graph);
  recognise_attention(graph);
  fold_focus(graph);
  fold_into_convolutions(graph);
  spell_out_batch_norms(graph);
  recognise_activations(graph);
  fuse_activations(graph);
  fuse_residuals(graph);
  remove_dead_nodes(graph);
}

}  // namespace pawl::engine
