// Interpretations of a head's feature maps that their channel counts allow. Used by
// head_fusion.cpp.
#pragma once

#include <vector>

#include "engine/compile/head_fusion.h"

namespace pawl::engine {

// The convolutions a detector's outputs are computed from, by map size, largest first; empty if an
// output does not come from convolutions alone.
struct MapGroup {
  int64_t height, width;
  std::vector<ValueId> maps;  // in graph order
};
std::vector<MapGroup> head_maps(const Graph& graph);

// Anchors are left at 1: measured later, by running the tail on zeros.
std::vector<FusedHead> head_candidates(const Graph& graph, const std::vector<MapGroup>& groups,
                                       const HeadGuess& guess);

}  // namespace pawl::engine
