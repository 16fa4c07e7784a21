// The tail of a detector (softmax, box arithmetic, concats, top-k) replaced by one decode step.
//
// The decoder reads the feature maps of the last convolutions directly: it looks at scores first
// and decodes the few boxes that pass, where the exported graph decodes all of them. What the maps
// mean is not read off the graph's shape but proved: each interpretation that the channel counts
// allow is tried by executing the cut-off tail on random maps, and only one whose detections equal
// the decoder's is taken. A head that no interpretation explains stays as it was exported. Where a
// quantized file rounds anchors, strides and bins, boxes need only be as near as that explains: the
// decoder's own constants are exact.
#pragma once

#include <optional>
#include <vector>

#include "engine/graph/graph.h"
#include "engine/head/head_guess.h"

namespace pawl::engine {

// Channels [first, first + channels) of a feature map.
struct MapRange {
  ValueId value = kNoValue;
  int64_t first = 0;
  int64_t channels = 0;
};

struct FusedLevel {
  MapRange box, scores, objectness;  // objectness.value is kNoValue without
  int32_t height = 0, width = 0;     // of the maps
  float stride = 0.0F;
  float anchor_w = 0.0F, anchor_h = 0.0F;
};

struct FusedHead {
  HeadSpec head;                   // layout kMaps
  std::vector<FusedLevel> levels;  // in the order that numbers candidates as the outputs do
  bool rounded = false;  // the tail's constants are rounded: its boxes are near, not equal
};

// `graph`: optimised. `guess`: how its outputs are read. On success the tail is gone and the
// graph's outputs are the maps; else the graph is unchanged.
std::optional<FusedHead> fuse_head(Graph* graph, const HeadGuess& guess);

}  // namespace pawl::engine
