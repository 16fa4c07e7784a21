// Where a network's learned part ends: the convolutions that boxes and scores are read from.
#pragma once

#include <vector>

#include "engine/graph/graph.h"

namespace pawl::engine {

// By node: convolutions from which a graph output is reached through no other one. A convolution
// that reads a softmax, as an exported decoder's sum over the bins of a box does, is of the tail
// behind them and counts as one of them.
std::vector<bool> last_convolutions(const Graph& graph, const Uses& uses);

}  // namespace pawl::engine
