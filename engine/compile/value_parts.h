// Along each axis of a value, the stretches that were computed alike: of a detector's output, which
// channels are boxes and which scores, as the file has it and not as its extents suggest.
//
// YOLOX's (1, cells, 5+classes) has along its last axis 4 numbers straight from a convolution, 1
// behind a sigmoid and `classes` behind a sigmoid: three convolutions joined. What an operator
// mixes up is one stretch of unknown source; nothing here is ever certain beyond what the nodes
// say.
#pragma once

#include <vector>

#include "engine/graph/graph.h"
#include "engine/head/head_guess.h"

namespace pawl::engine {

// [value][axis]: parts whose extents sum to that of the axis. One walk over the nodes.
std::vector<std::vector<AxisParts>> value_parts(const Graph& graph);

}  // namespace pawl::engine
