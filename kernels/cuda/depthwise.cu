// See depthwise.h. A CTA makes up to 64 channels of some pixels, a thread eight channels of one:
// the weights of those channels come to shared memory in whole sectors, some taps at a time.
#include <cstdint>

#include "kernels/cuda/depthwise.h"
#include "kernels/cuda/device/activation.cuh"
#include "kernels/cuda/device/channels.cuh"

namespace pawl::kernels::cuda {
namespace {

constexpr int kThreads = 128;
constexpr int kLanes = 32;
constexpr int kTaps = 32;  // whose weights lie in shared memory at once

// A row, of a tap or the bias: the first four channels of every group, then the last four. The 16 words
// between the two keep a warp's stores in different banks, as loads are: 8 lanes read 8 groups.
constexpr int kHalf = 48;
constexpr int kRowWords = kHalf + 4 * kDepthwiseGroups;

__device__ inline int weight_word(int channel) {
  return channel / 8 * 4 + channel % 8 / 4 * kHalf + channel % 4;
}

// Of a warp: `channels` floats from `from` on, those from `count` on as 0, to the row `to`.
__device__ inline void stage_row(const float* from, int count, int channels, float* to) {
  for (int c = static_cast<int>(threadIdx.x) % kLanes; c < channels; c += kLanes) {
    to[weight_word(c)] = c < count ? from[c] : 0.0F;
  }
}

__device__ inline void load_row(const float* row, int group, float (&v)[kChannels]) {
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const float4 four = *reinterpret_cast<const float4*>(row + half * kHalf + 4 * group);
    v[4 * half] = four.x, v[4 * half + 1] = four.y;
    v[4 * half + 2] = four.z, v[4 * half + 3] = four.w;
  }
}

}  // namespace

extern "C" __global__ void __launch_bounds__(kThreads) depthwise_f16(DepthwiseParams p) {
  __shared__ __align__(16) float weights[kTaps * kRowWords], bias[kRowWords];
  // gridDim.y shares the groups of channels out evenly, at most kDepthwiseGroups each.
  const int columns = static_cast<int>(gridDim.y);
  const int groups = ((p.C + kChannels - 1) / kChannels + columns - 1) / columns;
  const int group = static_cast<int>(threadIdx.x) % groups;
  const int pixels = kThreads / groups;  // of this CTA; the threads left over fetch weights only
  const int pixel = static_cast<int>(blockIdx.x) * pixels + static_cast<int>(threadIdx.x) / groups;
  const int block_channel = static_cast<int>(blockIdx.y) * groups * kChannels;
  const int channel = block_channel + group * kChannels;
  const int count = min(kChannels, p.C - channel);
  const bool active =
      static_cast<int>(threadIdx.x) < pixels * groups && pixel < p.OH * p.OW && count > 0;
  const int top = pixel / p.OW * p.stride_h - p.pad_top;
  const int left = pixel % p.OW * p.stride_w - p.pad_left;
  const uint16_t* x = reinterpret_cast<const uint16_t*>(p.x) + channel;
  float sum[kChannels] = {};
  const int warp = static_cast<int>(threadIdx.x) / kLanes;
  if (warp == 0) {
    stage_row(p.bias + block_channel, p.C - block_channel, groups * kChannels, bias);
  }
  int ky = 0, kx = 0;
  for (int first = 0; first < p.KH * p.KW; first += kTaps) {
    const int taps = min(kTaps, p.KH * p.KW - first);
    if (first > 0) __syncthreads();  // all have read the taps before
    for (int tap = warp; tap < taps; tap += kThreads / kLanes) {
      stage_row(p.weight + static_cast<size_t>(first + tap) * p.C + block_channel,
                p.C - block_channel, groups * kChannels, weights + tap * kRowWords);
    }
    __syncthreads();
    for (int tap = 0; active && tap < taps; ++tap, ++kx) {
      if (kx == p.KW) kx = 0, ++ky;
      const int iy = top + ky * p.dilation_h, ix = left + kx * p.dilation_w;
      if (iy < 0 || iy >= p.IH || ix < 0 || ix >= p.IW) continue;
      float v[kChannels], weight[kChannels];
      load_channels(x + static_cast<size_t>(iy * p.IW + ix) * p.x_pixel_stride, count, v);
      load_row(weights + tap * kRowWords, group, weight);
#pragma unroll
      for (int i = 0; i < kChannels; ++i) sum[i] += v[i] * weight[i];
    }
  }
  if (!active) return;
  float addend[kChannels];
  load_row(bias, group, addend);
#pragma unroll
  for (int i = 0; i < kChannels; ++i) sum[i] += addend[i];
  activate(sum, p.activation);
  if (p.residual != nullptr) {
    load_channels(reinterpret_cast<const uint16_t*>(p.residual) +
                      static_cast<size_t>(pixel) * p.residual_pixel_stride + channel,
                  count, addend);
#pragma unroll
    for (int i = 0; i < kChannels; ++i) sum[i] += addend[i];
  }
  store_channels(
      reinterpret_cast<uint16_t*>(p.y) + static_cast<size_t>(pixel) * p.y_pixel_stride + channel,
      count, sum);
}

}  // namespace pawl::kernels::cuda
