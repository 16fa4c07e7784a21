// A part's surface on a square pixel grid, before light falls on it: what it is made of and how
// high it stands.
//
// Picture-aligned; the part's middle is the grid's middle. `scale` is pixels per nominal pixel.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "platform/synthetic/part.h"

namespace pawl::platform::synthetic {

struct Texel {
  float coverage;          // 0 belt .. 1 part, antialiased at the outline
  float metal;             // 0 in a hole .. 1 on the solid face
  float height;            // nominal pixels above the part's foot
  float blue, green, red;  // albedo, 0..1
  float sheen;             // the brushed metal's directional gloss, 0..1
  float gloss;             // how much of light and sheen is mirrored, 0..1
};

// The half-open pixel rectangle [x1, x2) x [y1, y2) of what a defect visibly changes.
struct MaskBox {
  int x1 = 1 << 30, y1 = 1 << 30, x2 = -1, y2 = -1;
  bool empty() const { return x2 <= x1 || y2 <= y1; }
  void add(int x, int y) {
    x1 = std::min(x1, x);
    y1 = std::min(y1, y);
    x2 = std::max(x2, x + 1);
    y2 = std::max(y2, y + 1);
  }
};

class Surface {
 public:
  Surface(int side, float scale)
      : side_(side),
        scale_(scale),
        texels_(static_cast<size_t>(side) * static_cast<size_t>(side)) {}

  int side() const { return side_; }
  float scale() const { return scale_; }
  Texel& at(int x, int y) {
    return texels_[static_cast<size_t>(y) * static_cast<size_t>(side_) + static_cast<size_t>(x)];
  }
  const Texel& at(int x, int y) const {
    return texels_[static_cast<size_t>(y) * static_cast<size_t>(side_) + static_cast<size_t>(x)];
  }
  // Grid to nominal offset from the part's middle (of the pixel's centre), and back (rounded down,
  // kept on the grid).
  float nominal(int pixel) const {
    return (static_cast<float>(pixel) + 0.5f - 0.5f * static_cast<float>(side_)) / scale_;
  }
  int pixel(float nominal) const {
    const float p = nominal * scale_ + 0.5f * static_cast<float>(side_);
    return std::clamp(static_cast<int>(p), 0, side_);
  }

 private:
  int side_;
  float scale_;
  std::vector<Texel> texels_;
};

// Fills the surface with the faultless part, leaving out hole `missing_hole` (-1: all are there).
void paint_part(const Part& part, int missing_hole, Surface* surface);

}  // namespace pawl::platform::synthetic
