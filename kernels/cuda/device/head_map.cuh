// Elements of a head's maps, one at a time and 16 bytes at a time.
#pragma once

#include <cuda_fp16.h>

#include <cstdint>

#include "kernels/cuda/candidates.h"

namespace pawl::kernels::cuda {

__device__ inline float to_float(float value) {
  return value;
}
__device__ inline float to_float(__half value) {
  return __half2float(value);
}

__device__ inline float at(const DeviceMap& map, int pixel, int channel) {
  const int64_t i = pixel * map.pixel + channel * map.channel;
  return map.half ? to_float(static_cast<const __half*>(map.data)[i])
                  : to_float(static_cast<const float*>(map.data)[i]);
}

// What lies side by side, 16 bytes where kWidth > 1.
template <typename Element, int kWidth>
struct Group {
  // The first `count` of values[j] = at[j * stride], the others below every threshold. A whole group
  // is one load.
  __device__ void load(const Element* at, int64_t stride, int count) {
    if (kWidth > 1 && count == kWidth) {
      const uint4 packed = *reinterpret_cast<const uint4*>(at);
      const Element* loaded = reinterpret_cast<const Element*>(&packed);
#pragma unroll
      for (int j = 0; j < kWidth; ++j) values[j] = loaded[j];
      return;
    }
#pragma unroll
    for (int j = 0; j < kWidth; ++j) {
      values[j] = j < count ? at[j * stride] : static_cast<Element>(-__int_as_float(0x7F800000));
    }
  }

  // Bit j: whether values[j] exceeds the threshold. Mostly none does, which their maximum tells.
  __device__ uint32_t above(float threshold) const {
    float top = to_float(values[0]);
#pragma unroll
    for (int j = 1; j < kWidth; ++j) top = fmaxf(top, to_float(values[j]));
    if (!(top > threshold)) return 0;
    uint32_t bits = 0;
#pragma unroll
    for (int j = 0; j < kWidth; ++j) bits |= to_float(values[j]) > threshold ? 1U << j : 0;
    return bits;
  }

  Element values[kWidth];
};

// Sets in `passing` the bit of every pixel of [first, first + n) with a channel above the threshold.
// Neighbouring threads take neighbouring groups along the axis that lies side by side, kAtOnce a
// thread before the first is looked at, so that their latencies overlap.
template <typename Element, int kWidth>
__device__ inline void mark_above(const DeviceMap& map, bool along_pixels, int first, int n,
                                  int channels, float threshold, uint32_t* passing) {
  constexpr int kAtOnce = 5;  // all of 64 pixels and 80 classes, by 128 threads
  const Element* data = static_cast<const Element*>(map.data) + first * map.pixel;
  const int64_t outer_stride = along_pixels ? map.channel : map.pixel;
  const int64_t inner_stride = along_pixels ? map.pixel : map.channel;
  const int outer = along_pixels ? channels : n, inner = along_pixels ? n : channels;
  const int groups = (inner + kWidth - 1) / kWidth;
  const int stride = static_cast<int>(blockDim.x);
  int o = static_cast<int>(threadIdx.x) / groups, g = static_cast<int>(threadIdx.x) % groups;
  const int next_o = stride / groups, next_g = stride % groups;  // instead of a division each time

  while (o < outer) {
    Group<Element, kWidth> group[kAtOnce];
    int row[kAtOnce], at[kAtOnce];
#pragma unroll
    for (int u = 0; u < kAtOnce; ++u) {
      row[u] = o, at[u] = g * kWidth;
      const int count = o < outer ? min(kWidth, inner - at[u]) : 0;
      group[u].load(data + o * outer_stride + at[u] * inner_stride, inner_stride, count);
      g += next_g;
      o += next_o + (g >= groups ? 1 : 0);
      g -= g >= groups ? groups : 0;
    }
#pragma unroll
    for (int u = 0; u < kAtOnce; ++u) {
      const uint32_t bits = group[u].above(threshold);
      if (bits == 0) continue;
      // A group of pixels lies within one word: `at` is a multiple of its width.
      const int pixel = along_pixels ? at[u] : row[u];
      atomicOr(&passing[pixel / 32], (along_pixels ? bits : 1U) << pixel % 32);
    }
  }
}

template <typename Element>
__device__ inline void mark_above(const DeviceMap& map, int first, int n, int channels,
                                  float threshold, uint32_t* passing) {
  constexpr int kWidth = 16 / sizeof(Element);
  const bool along_pixels = map.pixel == 1 || map.channel != 1;
  const int64_t inner = along_pixels ? map.pixel : map.channel;
  const int64_t outer = along_pixels ? map.channel : map.pixel;
  // `first` is a multiple of kTilePixels, so a row of pixels is as aligned there as at its start.
  const bool aligned = reinterpret_cast<uintptr_t>(map.data) % 16 == 0 && outer % kWidth == 0;
  if (inner == 1 && aligned) {
    mark_above<Element, kWidth>(map, along_pixels, first, n, channels, threshold, passing);
  } else {
    mark_above<Element, 1>(map, along_pixels, first, n, channels, threshold, passing);
  }
}

}  // namespace pawl::kernels::cuda
