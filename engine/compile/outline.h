// What head recognition needs to know of a graph.
#pragma once

#include "engine/graph/graph.h"
#include "engine/head/head_guess.h"

namespace pawl::engine {

ModelOutline outline_of(const Graph& graph);

}  // namespace pawl::engine
