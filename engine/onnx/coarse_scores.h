// Quantized files that are broken at their source: one 8-bit scale for boxes in pixels and scores
// of 0 to 1 leaves the scores no code between 0 and 1.
#pragma once

#include "engine/graph/graph.h"

namespace pawl::engine::onnx {

// Warns of values that hold probabilities, alone or joined with others, in steps too coarse for
// them, and drops the scales that the file declares for those.
void warn_of_coarse_scores(Graph* graph);

}  // namespace pawl::engine::onnx
