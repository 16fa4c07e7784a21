// Boxes and name plates on a picture, for people to look at.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "platform/imaging/images.h"

namespace pawl::platform {

struct Mark {
  float x1 = 0.0F, y1 = 0.0F, x2 = 0.0F, y2 = 0.0F;  // pixels of the picture
  int32_t colour = 0;                                // the class: equal numbers, equal colours
  std::string text;                                  // "dent 0.87"; ASCII, else shown as '?'
};

// A copy with the marks drawn. Line width and letters follow the picture's size, so that they read
// the same whatever it is; a picture too small for letters (longer side under 640) is enlarged by a
// whole factor first. Colours tell apart with any colour vision, plates stay inside the picture and
// off each other while there is room. Errors: kExhausted (memory).
Result<Image> draw_marks(const Image& image, std::span<const Mark> marks);

}  // namespace pawl::platform
