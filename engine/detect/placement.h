// Where a frame lands in the network input, and how boxes travel back.
//
// The arithmetic is that of the Python pipelines the models were trained with, double precision and
// rounding included, so that boxes equal theirs:
//   kLetterboxCentred  gain = min(H/h, W/w), size round(w*gain) x round(h*gain) (half to even),
//                      left/top padding round(pad/2 - 0.1)                          (Ultralytics)
//   kLetterboxTopLeft  the same gain, size cut to an integer, no left or top padding      (YOLOX)
//   kStretch           each axis its own gain, the whole input
#pragma once

#include <cstdint>

#include "engine/detect/head.h"

namespace pawl::engine {

// Network-input pixels to frame pixels: (x - offset_x) * scale_x, clipped to [0, frame_width].
struct Placement {
  float scale_x = 1.0F, scale_y = 1.0F;
  float offset_x = 0.0F, offset_y = 0.0F;  // network-input pixels
  int32_t frame_width = 0, frame_height = 0;
};

// The rectangle of the network input that the frame is resized into; the rest is padding.
struct FittedFrame {
  int32_t x = 0, y = 0, width = 0, height = 0;
  Placement placement;
};

// Requires positive sizes of input and frame. The result has at least one pixel each way and lies
// inside the input.
FittedFrame fit_frame(const PreprocessSpec& spec, int32_t frame_width, int32_t frame_height);

}  // namespace pawl::engine
