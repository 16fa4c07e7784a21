// What the lamp and the sensor do to the finished picture: a bright spot, a vignette, slow drift of
// all that, and noise.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pawl::platform::synthetic {

class CameraLight {
 public:
  // `noise` is a standard deviation as a share of full scale; `drift` 0..1.
  CameraLight(uint64_t seed, int width, int height, float fps, float drift, float noise);

  // Changes the rows in place.
  void expose(int64_t index, uint8_t* bgr, ptrdiff_t stride);

 private:
  uint64_t seed_;
  int width_, height_;
  float fps_, drift_;
  std::vector<int8_t> noise_;      // a pool; every row of every frame starts elsewhere in it
  std::vector<uint32_t> columns_;  // scratch: gain of each byte of a row, 1/256
};

}  // namespace pawl::platform::synthetic
