// Eight neighbouring channels of a pixel in float16, or as many as there are: one thread's share of
// the kernels that do not multiply matrices.
#pragma once

#include <cuda_fp16.h>

#include <cstdint>

namespace pawl::kernels::cuda {

constexpr int kChannels = 8;

// `count` of them from `at`, 16-byte aligned; the others are 0. Nothing past `count` is read.
__device__ inline void load_channels(const uint16_t* at, int count, float (&v)[kChannels]) {
  if (count >= kChannels) {
    const uint4 packed = *reinterpret_cast<const uint4*>(at);
    const __half2* halves = reinterpret_cast<const __half2*>(&packed);
#pragma unroll
    for (int i = 0; i < kChannels / 2; ++i) {
      const float2 two = __half22float2(halves[i]);
      v[2 * i] = two.x, v[2 * i + 1] = two.y;
    }
    return;
  }
#pragma unroll
  for (int i = 0; i < kChannels; ++i) {
    v[i] = i < count ? __half2float(reinterpret_cast<const __half*>(at)[i]) : 0.0F;
  }
}

// Nothing past `count` is written.
__device__ inline void store_channels(uint16_t* at, int count, const float (&v)[kChannels]) {
  if (count >= kChannels) {
    uint4 packed;
    __half2* halves = reinterpret_cast<__half2*>(&packed);
#pragma unroll
    for (int i = 0; i < kChannels / 2; ++i) halves[i] = __floats2half2_rn(v[2 * i], v[2 * i + 1]);
    *reinterpret_cast<uint4*>(at) = packed;
    return;
  }
#pragma unroll
  for (int i = 0; i < kChannels; ++i) {
    if (i < count) reinterpret_cast<__half*>(at)[i] = __float2half_rn(v[i]);
  }
}

// A thread's place: pixels first, then groups of eight channels of the same pixel side by side.
struct Place {
  int pixel, channel, count;  // count: channels from `channel` on, at most 8
};

// False for a thread without a place.
__device__ inline bool place_of(int pixels, int C, Place* place) {
  const int groups = (C + kChannels - 1) / kChannels;
  const int index = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  place->pixel = index / groups;
  place->channel = index % groups * kChannels;
  place->count = min(kChannels, C - place->channel);
  return place->pixel < pixels;
}

}  // namespace pawl::kernels::cuda
