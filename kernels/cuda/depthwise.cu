// See depthwise.h. A thread makes eight channels of a pixel.
#include <cstdint>

#include "kernels/cuda/depthwise.h"
#include "kernels/cuda/device/activation.cuh"
#include "kernels/cuda/device/channels.cuh"

namespace pawl::kernels::cuda {

extern "C" __global__ void __launch_bounds__(128) depthwise_f16(DepthwiseParams p) {
  Place place;
  if (!place_of(p.OH * p.OW, p.C, &place)) return;
  const int oy = place.pixel / p.OW, ox = place.pixel % p.OW;
  const uint16_t* x = reinterpret_cast<const uint16_t*>(p.x) + place.channel;
  float sum[kChannels];
#pragma unroll
  for (int i = 0; i < kChannels; ++i) sum[i] = i < place.count ? p.bias[place.channel + i] : 0.0F;
  for (int ky = 0; ky < p.KH; ++ky) {
    const int iy = oy * p.stride_h + ky * p.dilation_h - p.pad_top;
    if (iy < 0 || iy >= p.IH) continue;
    for (int kx = 0; kx < p.KW; ++kx) {
      const int ix = ox * p.stride_w + kx * p.dilation_w - p.pad_left;
      if (ix < 0 || ix >= p.IW) continue;
      float v[kChannels];
      load_channels(x + static_cast<size_t>(iy * p.IW + ix) * p.x_pixel_stride, place.count, v);
      const float* weight = p.weight + (ky * p.KW + kx) * p.C + place.channel;
#pragma unroll
      for (int i = 0; i < kChannels; ++i) {
        if (i < place.count) sum[i] += v[i] * weight[i];
      }
    }
  }
  activate(sum, p.activation);
  if (p.residual != nullptr) {
    float r[kChannels];
    load_channels(reinterpret_cast<const uint16_t*>(p.residual) +
                      static_cast<size_t>(place.pixel) * p.residual_pixel_stride + place.channel,
                  place.count, r);
#pragma unroll
    for (int i = 0; i < kChannels; ++i) sum[i] += r[i];
  }
  store_channels(reinterpret_cast<uint16_t*>(p.y) +
                     static_cast<size_t>(place.pixel) * p.y_pixel_stride + place.channel,
                 place.count, sum);
}

}  // namespace pawl::kernels::cuda
