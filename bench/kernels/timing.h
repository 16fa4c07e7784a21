// Times of one thread, their middle, and operands to fill the time with.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <vector>

namespace pawl::kernels {

// Of this thread alone: what others run on the same core meanwhile is not ours.
inline double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

inline double median(std::vector<double> values) {
  if (values.empty()) return 0.0;
  const auto middle = values.begin() + static_cast<ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

struct Free {
  void operator()(void* data) const { std::free(data); }
};
template <typename T>
using Array = std::unique_ptr<T, Free>;  // 64-byte aligned, 64 spare bytes at its end

template <typename T>
Array<T> filled(size_t count, T value) {
  Array<T> array(static_cast<T*>(std::aligned_alloc(64, (count * sizeof(T) + 127) / 64 * 64)));
  std::fill_n(array.get(), count, value);
  return array;
}

// Pseudo-random, the same in every run.
inline Array<float> random_floats(size_t count, float low, float high) {
  Array<float> floats = filled(count, 0.0F);
  uint32_t state = 1;
  for (size_t i = 0; i < count; ++i) {
    state = state * 1664525U + 1013904223U;
    floats.get()[i] = low + (high - low) * static_cast<float>(state >> 8) / 16777216.0F;
  }
  return floats;
}

}  // namespace pawl::kernels
