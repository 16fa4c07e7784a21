// What head recognition needs to know of a graph.
#pragma once

#include "engine/detect/head_guess.h"
#include "engine/graph/graph.h"

namespace pawl::engine {

ModelOutline outline_of(const Graph& graph);

}  // namespace pawl::engine
