// Buffers for kernel tests: images with gaps between pixels whose every misuse shows.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <random>

#include "tests/kernels/guarded_vector.h"

namespace pawl::kernels {

// Exactly `count` elements, 64-byte aligned, so that the address sanitizer sees one too many.
template <typename T>
class AlignedArray {
 public:
  explicit AlignedArray(size_t count)
      : count_(count),
        data_(static_cast<T*>(std::aligned_alloc(64, (count * sizeof(T) + 63) / 64 * 64))) {}
  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  size_t size() const { return count_; }
  T& operator[](size_t i) { return data_.get()[i]; }
  T operator[](size_t i) const { return data_.get()[i]; }

 private:
  struct Free {
    void operator()(T* data) const { std::free(data); }
  };
  size_t count_;
  std::unique_ptr<T, Free> data_;
};
using AlignedFloats = AlignedArray<float>;

// `pixels` pixels of `channels` floats, `stride` apart. Gaps and both ends hold a bit pattern that
// nobody may change; it is a NaN, so a kernel that uses what it reads there shows as well. The
// block ends with the last channel of the last pixel: reading past it faults.
class ImageBuffer {
 public:
  ImageBuffer(int32_t pixels, int32_t channels, int32_t stride)
      : pixels_(static_cast<size_t>(pixels)),
        channels_(static_cast<size_t>(channels)),
        stride_(static_cast<size_t>(stride)),
        floats_(kGuard + (pixels_ - 1) * stride_ + channels_) {
    for (float& value : floats_) std::memcpy(&value, &kPoison, sizeof(value));
  }

  float* data() { return floats_.data() + kGuard; }
  float& at(size_t pixel, size_t channel) { return data()[pixel * stride_ + channel]; }
  float at(size_t pixel, size_t channel) const {
    return floats_[kGuard + pixel * stride_ + channel];
  }
  size_t pixels() const { return pixels_; }
  size_t channels() const { return channels_; }

  void fill(float value) {
    for (size_t i = 0; i < pixels_; ++i) {
      for (size_t c = 0; c < channels_; ++c) at(i, c) = value;
    }
  }
  template <class Engine>
  void fill_random(Engine& engine, float low, float high) {
    std::uniform_real_distribution<float> uniform(low, high);
    for (size_t i = 0; i < pixels_; ++i) {
      for (size_t c = 0; c < channels_; ++c) at(i, c) = uniform(engine);
    }
  }

  bool gaps_untouched() const {
    for (size_t i = 0; i < kGuard; ++i) {
      if (!poisoned(floats_[i])) return false;
    }
    for (size_t i = 0; i + 1 < pixels_; ++i) {
      for (size_t c = channels_; c < stride_; ++c) {
        if (!poisoned(at(i, c))) return false;
      }
    }
    return true;
  }

 private:
  static constexpr size_t kGuard = 32;
  static constexpr uint32_t kPoison = 0xFFABABABU;
  static bool poisoned(float value) {
    uint32_t bits = 0;
    std::memcpy(&bits, &value, sizeof(bits));
    return bits == kPoison;
  }

  size_t pixels_, channels_, stride_;
  GuardedVector<float> floats_;
};

inline constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

}  // namespace pawl::kernels
