// Small questions and edits that passes share.
#pragma once

#include <optional>
#include <vector>

#include "engine/graph/graph.h"

namespace pawl::engine {

// The only node that reads `value`, or -1: several readers, none, or the value leaves the graph.
int32_t sole_consumer(const Uses& uses, ValueId value);

// The node that makes `value`, if it is of kind `op`; else null.
const Node* producer_of(const Graph& graph, const Uses& uses, ValueId value, Op op);

// Drops the nodes that are marked, one mark a node.
void remove_nodes(Graph* graph, const std::vector<bool>& marked);

// Puts nodes in front of others, all in one sweep.
struct Insertion {
  size_t before;  // index of the node it goes in front of
  Node node;
};
void insert_nodes(Graph* graph, std::vector<Insertion> insertions);

// The elements of a float constant; empty if the value is not one.
std::span<const float> constant_floats(const Graph& graph, ValueId value);

// Whether weights and bias of a convolution are known, so that a step can do it.
bool has_constant_weights(const Graph& graph, const Node& conv);

// One number a channel of an (N, C, H, W) value: from a constant that is a scalar, or whose only
// extent above 1 is C at the channel axis. Empty if it is anything else.
std::vector<float> per_channel(const Graph& graph, ValueId constant, int64_t channels,
                               size_t data_rank);

}  // namespace pawl::engine
