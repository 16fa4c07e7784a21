// Calibration frames for tests.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "engine/quantize/calibration.h"

namespace pawl::test {

inline constexpr int32_t kSide = 32;

// Smooth random pictures: noise alone would average out to nothing in a few layers.
class RandomFrames : public engine::CalibrationFrames {
 public:
  RandomFrames(size_t count, uint32_t seed) : count_(count), seed_(seed) {}
  size_t count() const override { return count_; }
  platform::Result<platform::Frame> frame(size_t index) override {
    std::mt19937 random(seed_ + static_cast<uint32_t>(index));
    std::uniform_real_distribution<float> wave(0.05F, 0.6F);
    const float fx = wave(random);
    const float fy = wave(random);
    pixels_.resize(size_t{kSide} * kSide * 3);
    for (int32_t y = 0; y < kSide; ++y) {
      for (int32_t x = 0; x < kSide; ++x) {
        for (int32_t c = 0; c < 3; ++c) {
          const float v = 127.5F +
                          100.0F * std::sin(fx * static_cast<float>(x * (c + 1))) *
                              std::cos(fy * static_cast<float>(y)) +
                          static_cast<float>(random() % 41) - 20.0F;
          pixels_[static_cast<size_t>((y * kSide + x) * 3 + c)] =
              static_cast<uint8_t>(std::clamp(v, 0.0F, 255.0F));
        }
      }
    }
    platform::Frame frame;
    frame.width = kSide;
    frame.height = kSide;
    frame.stride = kSide * 3;
    frame.data = pixels_.data();
    return frame;
  }

 private:
  size_t count_;
  uint32_t seed_;
  std::vector<uint8_t> pixels_;
};

}  // namespace pawl::test
