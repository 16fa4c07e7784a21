#include "engine/passes/rewrite.h"

#include <algorithm>

namespace pawl::engine {

int32_t sole_consumer(const Uses& uses, ValueId value) {
  const auto v = static_cast<size_t>(value);
  if (uses.is_output[v] || uses.consumers[v].size() != 1) return -1;
  return uses.consumers[v].front();
}

const Node* producer_of(const Graph& graph, const Uses& uses, ValueId value, Op op) {
  if (value == kNoValue) return nullptr;
  const int32_t index = uses.producer[static_cast<size_t>(value)];
  if (index < 0) return nullptr;
  const Node& node = graph.nodes[static_cast<size_t>(index)];
  return node.op == op ? &node : nullptr;
}

void remove_nodes(Graph* graph, const std::vector<bool>& marked) {
  size_t kept = 0;
  for (size_t i = 0; i < graph->nodes.size(); ++i) {
    if (marked[i]) continue;
    if (kept != i) graph->nodes[kept] = std::move(graph->nodes[i]);
    ++kept;
  }
  graph->nodes.resize(kept);
}

void insert_nodes(Graph* graph, std::vector<Insertion> insertions) {
  if (insertions.empty()) return;
  std::stable_sort(insertions.begin(), insertions.end(),
                   [](const Insertion& a, const Insertion& b) { return a.before < b.before; });
  std::vector<Node> nodes;
  nodes.reserve(graph->nodes.size() + insertions.size());
  size_t next = 0;
  for (size_t i = 0; i < graph->nodes.size(); ++i) {
    for (; next < insertions.size() && insertions[next].before == i; ++next) {
      nodes.push_back(std::move(insertions[next].node));
    }
    nodes.push_back(std::move(graph->nodes[i]));
  }
  graph->nodes = std::move(nodes);
}

std::span<const float> constant_floats(const Graph& graph, ValueId value) {
  if (value == kNoValue) return {};
  const Value& v = graph.value(value);
  if (!v.constant || v.dtype != DType::kFloat32) return {};
  return v.constant->as<float>();
}

bool has_constant_weights(const Graph& graph, const Node& conv) {
  const bool biased = conv.inputs.size() > 2 && conv.inputs[2] != kNoValue;
  return !constant_floats(graph, conv.inputs[1]).empty() &&
         (!biased || !constant_floats(graph, conv.inputs[2]).empty());
}

std::vector<float> per_channel(const Graph& graph, ValueId constant, int64_t channels,
                               size_t data_rank) {
  const std::span<const float> values = constant_floats(graph, constant);
  const auto count = static_cast<size_t>(channels);
  if (values.size() == 1) return std::vector<float>(count, values[0]);
  const Shape& shape = graph.value(constant).shape;
  // Broadcasting aligns the last axes: the channel is axis rank-3 of (N, C, H, W).
  if (values.size() != count || data_rank != 4 || shape.size() < 3 ||
      shape[shape.size() - 3] != channels) {
    return {};
  }
  return {values.begin(), values.end()};
}

}  // namespace pawl::engine
