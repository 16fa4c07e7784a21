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

// Bit j: whether at[j * stride] exceeds the threshold, j < count <= kWidth. A whole group of 16 bytes
// is one load.
template <typename Element, int kWidth>
__device__ inline uint32_t above(const Element* at, int64_t stride, int count, float threshold) {
  uint32_t bits = 0;
  if (kWidth > 1 && count == kWidth) {
    const uint4 packed = *reinterpret_cast<const uint4*>(at);
    const Element* values = reinterpret_cast<const Element*>(&packed);
#pragma unroll
    for (int j = 0; j < kWidth; ++j) bits |= to_float(values[j]) > threshold ? 1U << j : 0;
    return bits;
  }
  for (int j = 0; j < count; ++j) bits |= to_float(at[j * stride]) > threshold ? 1U << j : 0;
  return bits;
}

// Sets in `passing` the bit of every pixel of [first, first + n) with a channel above the threshold.
// Neighbouring threads take neighbouring groups along the axis that lies side by side.
template <typename Element, int kWidth>
__device__ inline void mark_above(const DeviceMap& map, bool along_pixels, int first, int n,
                                  int channels, float threshold, uint32_t* passing) {
  const Element* data = static_cast<const Element*>(map.data) + first * map.pixel;
  const int64_t outer_stride = along_pixels ? map.channel : map.pixel;
  const int64_t inner_stride = along_pixels ? map.pixel : map.channel;
  const int outer = along_pixels ? channels : n, inner = along_pixels ? n : channels;
  const int groups = (inner + kWidth - 1) / kWidth;
  for (int i = static_cast<int>(threadIdx.x); i < outer * groups; i += blockDim.x) {
    const int o = i / groups, in = i % groups * kWidth;
    const uint32_t bits = above<Element, kWidth>(data + o * outer_stride + in * inner_stride,
                                                 inner_stride, min(kWidth, inner - in), threshold);
    if (bits == 0) continue;
    if (along_pixels) {
      // A group of 2, 4 or 8 pixels lies within one word: `in` is a multiple of its width.
      atomicOr(&passing[in / 32], bits << in % 32);
    } else {
      atomicOr(&passing[o / 32], 1U << o % 32);
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
