// Operators without a step of their own, in terms of those that have one. With this every graph
// that the importer accepts can be laid out; what is left to refuse is sizes, among them those of values
// from whose parts a tensor of more than kTensorBytesMax could come.
#pragma once

#include <cstdint>

#include "engine/graph/graph.h"

namespace pawl::engine {

// Rewrites the graph into an equivalent one that lower() takes:
//   LayerNormalization, BatchNormalization by computed numbers, Gelu by tanh   arithmetic
//   Where, Cast to bool, Tile                              choices, comparisons, broadcasts
//   reductions of axes apart, TopK and ArgMax as no step has them     transposed or reversed first
//   MatMul and GatherElements of extents that differ       expanded, cut to size
//   Conv, ConvTranspose, pools and Resize of several images, or of shapes that are none
//   Conv by computed weights                               matrix products of its windows
//   ConvTranspose that overlaps, pads or has groups        Conv, DepthToSpace, Slice
// Values that both graphs have keep their names and ids. Returns how many nodes were replaced.
int32_t spell_out(Graph* graph);

}  // namespace pawl::engine
