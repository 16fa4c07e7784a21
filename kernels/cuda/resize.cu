// See resize.h.
#include <cstdint>

#include "kernels/cuda/device/channels.cuh"
#include "kernels/cuda/resize.h"

namespace pawl::kernels::cuda {
namespace {

__device__ inline void load(const ResizeF16Params& p, const Place& place, int iy, int ix,
                            float (&v)[kChannels]) {
  load_channels(p.x + static_cast<size_t>(iy * p.IW + ix) * p.x_pixel_stride + place.channel,
                place.count, v);
}

__device__ inline uint16_t* output(const ResizeF16Params& p, const Place& place) {
  return p.y + static_cast<size_t>(place.pixel) * p.y_pixel_stride + place.channel;
}

}  // namespace

extern "C" {
__global__ void __launch_bounds__(128) resize_nearest_f16(ResizeF16Params p) {
  Place place;
  if (!place_of(p.OH * p.OW, p.C, &place)) return;
  float v[kChannels];
  load(p, place, p.row0[place.pixel / p.OW], p.col0[place.pixel % p.OW], v);
  store_channels(output(p, place), place.count, v);
}

__global__ void __launch_bounds__(128) resize_linear_f16(ResizeF16Params p) {
  Place place;
  if (!place_of(p.OH * p.OW, p.C, &place)) return;
  const int oy = place.pixel / p.OW, ox = place.pixel % p.OW;
  const float down = p.row_t[oy], right = p.col_t[ox];
  float v[kChannels], row[2][kChannels];
#pragma unroll
  for (int r = 0; r < 2; ++r) {
    const int iy = r == 0 ? p.row0[oy] : p.row1[oy];
    load(p, place, iy, p.col0[ox], row[r]);
    load(p, place, iy, p.col1[ox], v);
#pragma unroll
    for (int i = 0; i < kChannels; ++i) row[r][i] += (v[i] - row[r][i]) * right;
  }
#pragma unroll
  for (int i = 0; i < kChannels; ++i) v[i] = row[0][i] + (row[1][i] - row[0][i]) * down;
  store_channels(output(p, place), place.count, v);
}
}

}  // namespace pawl::kernels::cuda
