// Data movement that exporters spell out in general operators and that has a name.
#include <array>
#include <optional>
#include <vector>

#include "engine/passes/passes.h"
#include "engine/passes/rearrangement.h"
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

// Focus by another name.
bool deals_in_twos(const Graph& graph, const Node& node) {
  return node.op == Op::kSpaceToDepth && node.integer("blocksize") == 2 &&
         node.text("mode") == "DCR" && graph.value(node.inputs[0]).shape[0] == 1;
}

// An image whose channels are channels of another, pixel by pixel.
struct ChannelMove {
  ValueId source;
  std::vector<int64_t> index;  // of each channel in the source
};

std::optional<ChannelMove> channel_move(const Graph& graph, const Rearrangement& moved,
                                        const Shape& shape) {
  if (moved.source == kNoValue || moved.scale != 1.0F || shape.size() != 4) return std::nullopt;
  const Shape& in = graph.value(moved.source).shape;
  if (in.size() != 4 || in[0] != 1 || shape[0] != 1 || in[2] != shape[2] || in[3] != shape[3]) {
    return std::nullopt;
  }
  const int64_t pixels = in[2] * in[3];
  if (joined(moved, 2, 4) != normal(std::vector<Step>{{pixels, 1}}) || moved.start % pixels != 0) {
    return std::nullopt;
  }
  ChannelMove move{moved.source, {moved.start / pixels}};
  for (const Step& step : moved.axes[1]) {
    if (step.stride % pixels != 0) return std::nullopt;
    std::vector<int64_t> index;
    for (const int64_t outer : move.index) {
      for (int64_t k = 0; k < step.extent; ++k) index.push_back(outer + k * step.stride / pixels);
    }
    move.index = std::move(index);
  }
  return move;
}

// A range of channels is a slice, which the plan views in place; other choices are gathered.
void rewrite_as_channels(Graph* graph, const ChannelMove& move, Node* node) {
  const auto count = static_cast<int64_t>(move.index.size());
  bool range = true;
  for (int64_t c = 0; c < count; ++c) {
    range = range && move.index[static_cast<size_t>(c)] == move.index[0] + c;
  }
  node->attributes.clear();
  if (range) {
    node->op = Op::kSlice;
    node->inputs = {move.source};
    node->attributes["starts"] = std::vector<int64_t>{0, move.index[0], 0, 0};
    node->attributes["steps"] = std::vector<int64_t>{1, 1, 1, 1};
    return;
  }
  const std::string name = graph->value(node->outputs[0]).name + ".channels";
  const ValueId indices =
      graph->add_constant(name, Tensor::of<int64_t>({count}, std::span<const int64_t>(move.index)));
  node->op = Op::kGather;
  node->inputs = {move.source, indices};
  node->attributes["axis"] = int64_t{1};
}

}  // namespace

int32_t recognise_focus(Graph* graph) {
  const Uses uses = compute_uses(*graph);
  int32_t recognised = 0;
  for (Node& node : graph->nodes) {
    if (deals_in_twos(*graph, node)) {
      node.op = Op::kFocus;
      node.attributes.clear();
      node.attributes["order"] = std::vector<int64_t>{0, 0, 0, 1, 1, 0, 1, 1};
      ++recognised;
      continue;
    }
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

int32_t recognise_channel_moves(Graph* graph) {
  const std::vector<Rearrangement> moved = rearrangements(*graph);
  int32_t recognised = 0;
  const size_t nodes = graph->nodes.size();
  for (size_t i = 0; i < nodes; ++i) {
    const Op op = graph->nodes[i].op;
    if (op != Op::kReshape && op != Op::kTranspose) continue;
    const ValueId output = graph->nodes[i].outputs[0];
    const Rearrangement& from = moved[static_cast<size_t>(output)];
    if (from.source == output) continue;
    const auto move = channel_move(*graph, from, graph->value(output).shape);
    if (!move) continue;
    rewrite_as_channels(graph, *move, &graph->nodes[i]);
    ++recognised;
  }
  remove_dead_nodes(graph);
  return recognised;
}

void optimise(Graph* graph) {
  fold_padding(graph);
  recognise_focus(graph);
  recognise_attention(graph);
  recognise_channel_moves(graph);
  fold_focus(graph);
  fold_into_convolutions(graph);
  decompose_batch_norms(graph);
  recognise_activations(graph);
  fuse_activations(graph);
  fuse_residuals(graph);
  remove_dead_nodes(graph);
}

}  // namespace pawl::engine
