// Where values live: layout of each, and which values are channel ranges of others.
//
// Images (1, C, H, W) are kept NHWC, so a concat along channels is a buffer whose inputs are
// written in place, and a split is a set of views: neither moves a byte. A value can be part of one
// concat only; in further ones it is copied.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/graph/graph.h"

namespace pawl::engine {

struct ValueView {
  bool nhwc = false;        // else row-major
  ValueId root = kNoValue;  // the value whose buffer holds this one; itself if it has its own
  int64_t channel = 0;      // first channel inside the root
};

// One entry a value. `elided` counts the concat inputs that are written in place.
// A view starts at a multiple of `channel_multiple` (Target).
std::vector<ValueView> assign_views(const Graph& graph, int64_t channel_multiple, int32_t* elided);

// True if `shape` is (1, C, H, W).
bool is_image(const Shape& shape);

}  // namespace pawl::engine
