// What lies under the parts: the moving rubber belt, and the fixed rails at the picture's upper and
// lower edge.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pawl::platform::synthetic {

class Belt {
 public:
  // `scale` is pixels per nominal pixel, `smear` the belt's motion during the exposure in pixels.
  Belt(uint64_t seed, int width, int height, float scale, int smear);

  // Writes the bare line with the belt moved on by `travel` pixels (any sign).
  void copy_row(int y, int64_t travel, uint8_t* bgr) const;

 private:
  void paint_belt(uint64_t seed, float scale, int smear);
  void paint_rails(uint64_t seed, float scale);
  bool on_rail(int y) const { return y < rail_ || y >= height_ - rail_; }

  int width_, height_, rail_, period_;
  std::vector<uint8_t> belt_;   // period_ x height_, BGR
  std::vector<uint8_t> rails_;  // width_ x height_, BGR; only the rails' rows are painted
};

}  // namespace pawl::platform::synthetic
