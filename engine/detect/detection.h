// A detection: what Pawl gives back for a frame.
#pragma once

#include <cstdint>

namespace pawl::engine {

// Box corners in source-frame pixels, clipped to the frame; score in [0, 1].
struct Detection {
  int32_t class_id = 0;
  float score = 0.0F;
  float x1 = 0.0F, y1 = 0.0F, x2 = 0.0F, y2 = 0.0F;
};

}  // namespace pawl::engine
