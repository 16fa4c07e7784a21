// A detector at another input size than the one its file was exported for.
//
// What ties an exported file to a size is its tail: anchors, strides and reshapes counted in cells.
// Once the decode step has taken the tail's place (head_fusion.h), what is left is convolutions,
// pooling and the like, which have no size of their own.
#pragma once

#include "engine/compile/head_fusion.h"
#include "engine/detect/head.h"
#include "engine/graph/graph.h"

namespace pawl::engine {

// Lays `graph` out anew for another input: every value's shape, the head's levels and the
// pre-processing. Errors, which leave the graph unusable: a size that is no multiple of the
// head's strides; an operator that states a size (named).
Status resize_network(InputSize size, Graph* graph, FusedHead* head, PreprocessSpec* pre);

}  // namespace pawl::engine
