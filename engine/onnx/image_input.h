// The image as the rest of Pawl gives it: planes of floats.
//
// Files with the pre-processing inside take bytes (uint8) or pixels with their channels last, and
// convert them first. Those conversions are undone: the input becomes float32 (N, C, H, W), whole
// numbers of 0..255 where it was bytes (Value::declared says so, scale 1), and what the file does
// to the pixels on the way is done to planes.
#pragma once

#include "engine/graph/graph.h"

namespace pawl::engine::onnx {

// Of the graph's first input with four dimensions. A file that does something else with its bytes
// or its layout is left as it is, for the compiler to refuse.
void take_planes(Graph* graph);

}  // namespace pawl::engine::onnx
