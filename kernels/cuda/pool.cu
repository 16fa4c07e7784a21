// See pool.h.
#include <cstdint>

#include "kernels/cuda/device/channels.cuh"
#include "kernels/cuda/pool.h"

namespace pawl::kernels::cuda {
namespace {

// Calls f with the eight channels of every tap inside the image; returns how many there are.
template <typename F>
__device__ inline int each_tap(const PoolF16Params& p, const Place& place, F f) {
  const int oy = place.pixel / p.OW, ox = place.pixel % p.OW;
  int taps = 0;
  for (int ky = 0; ky < p.KH; ++ky) {
    const int iy = oy * p.stride_h + ky * p.dilation_h - p.pad_top;
    if (iy < 0 || iy >= p.IH) continue;
    for (int kx = 0; kx < p.KW; ++kx) {
      const int ix = ox * p.stride_w + kx * p.dilation_w - p.pad_left;
      if (ix < 0 || ix >= p.IW) continue;
      float v[kChannels];
      load_channels(p.x + static_cast<size_t>(iy * p.IW + ix) * p.x_pixel_stride + place.channel,
                    place.count, v);
      f(v);
      ++taps;
    }
  }
  return taps;
}

__device__ inline uint16_t* output(const PoolF16Params& p, const Place& place) {
  return p.y + static_cast<size_t>(place.pixel) * p.y_pixel_stride + place.channel;
}

}  // namespace

extern "C" {
__global__ void __launch_bounds__(128) max_pool_f16(PoolF16Params p) {
  Place place;
  if (!place_of(p.OH * p.OW, p.C, &place)) return;
  float best[kChannels];
#pragma unroll
  for (float& b : best) b = -__int_as_float(0x7F800000);
  each_tap(p, place, [&](const float(&v)[kChannels]) {
#pragma unroll
    for (int i = 0; i < kChannels; ++i) best[i] = v[i] > best[i] ? v[i] : best[i];
  });
  store_channels(output(p, place), place.count, best);
}

__global__ void __launch_bounds__(128) average_pool_f16(PoolF16Params p) {
  Place place;
  if (!place_of(p.OH * p.OW, p.C, &place)) return;
  float sum[kChannels] = {};
  int taps = each_tap(p, place, [&](const float(&v)[kChannels]) {
#pragma unroll
    for (int i = 0; i < kChannels; ++i) sum[i] += v[i];
  });
  if (p.count_padding) taps = p.KH * p.KW;
#pragma unroll
  for (float& s : sum) s = taps > 0 ? __fdividef(s, static_cast<float>(taps)) : 0.0F;
  store_channels(output(p, place), place.count, sum);
}
}

}  // namespace pawl::kernels::cuda
