// u8 images for kernel tests, with gaps between pixels: whatever lies outside the channels of a
// pixel has a value of its own for every position, which nobody may change.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "tests/kernels/guarded_vector.h"

namespace pawl::kernels {

class ByteImage {
 public:
  // Ends in the 64 spare bytes that the contracts allow to be read; one more faults.
  ByteImage(int32_t pixels, int32_t channels, int32_t stride)
      : pixels_(static_cast<size_t>(pixels)),
        channels_(static_cast<size_t>(channels)),
        stride_(static_cast<size_t>(stride)),
        bytes_(kGuard + (pixels_ - 1) * stride_ + channels_ + kGuard) {
    for (size_t i = 0; i < bytes_.size(); ++i) bytes_[i] = mark(i);
  }

  uint8_t* data() { return bytes_.data() + kGuard; }
  uint8_t& at(size_t pixel, size_t channel) { return bytes_[index(pixel, channel)]; }
  uint8_t at(size_t pixel, size_t channel) const { return bytes_[index(pixel, channel)]; }
  size_t pixels() const { return pixels_; }
  size_t channels() const { return channels_; }

  void fill(uint8_t value) {
    for (size_t i = 0; i < pixels_; ++i) {
      for (size_t c = 0; c < channels_; ++c) at(i, c) = value;
    }
  }
  template <class Engine>
  void fill_random(Engine& engine) {
    for (size_t i = 0; i < pixels_; ++i) {
      for (size_t c = 0; c < channels_; ++c) at(i, c) = static_cast<uint8_t>(engine());
    }
  }

  bool gaps_untouched() const {
    std::vector<bool> owned(bytes_.size(), false);
    for (size_t i = 0; i < pixels_; ++i) {
      for (size_t c = 0; c < channels_; ++c) owned[index(i, c)] = true;
    }
    for (size_t i = 0; i < bytes_.size(); ++i) {
      if (!owned[i] && bytes_[i] != mark(i)) return false;
    }
    return true;
  }

 private:
  static constexpr size_t kGuard = 64;
  static uint8_t mark(size_t i) { return static_cast<uint8_t>((i * 2654435761U) >> 13); }
  size_t index(size_t pixel, size_t channel) const { return kGuard + pixel * stride_ + channel; }

  size_t pixels_, channels_, stride_;
  GuardedVector<uint8_t> bytes_;
};

}  // namespace pawl::kernels
