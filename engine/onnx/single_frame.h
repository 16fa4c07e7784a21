// A network exported for a batch of images, as the network of one.
//
// The change is proved node by node: every value that depends on the images has one of them in each
// element of its first dimension, and no operator looks across that dimension. Then the first
// element of everything is the network of one image, and the extent becomes 1. Constants that
// repeat for each image are cut to one; the rest of the graph stays as it is.
#pragma once

#include "engine/graph/graph.h"

namespace pawl::engine::onnx {

// `batch`: the first extent of the graph's inputs, above 1. kUnsupported names the first node that
// mixes images, or may; the graph is then of no use.
Status take_single_frame(int64_t batch, Graph* graph);

}  // namespace pawl::engine::onnx
