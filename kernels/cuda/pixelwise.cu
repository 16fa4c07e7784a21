// See pixelwise.h. A thread makes eight channels of a pixel where not said otherwise.
#include <cuda_fp16.h>

#include <cstdint>

#include "kernels/cuda/device/activation.cuh"
#include "kernels/cuda/device/channels.cuh"
#include "kernels/cuda/pixelwise.h"

namespace pawl::kernels::cuda {
namespace {

__device__ inline const uint16_t* at(const float* image, int pixel, int pixel_stride, int channel) {
  return reinterpret_cast<const uint16_t*>(image) + static_cast<size_t>(pixel) * pixel_stride +
         channel;
}
__device__ inline uint16_t* at(float* image, int pixel, int pixel_stride, int channel) {
  return reinterpret_cast<uint16_t*>(image) + static_cast<size_t>(pixel) * pixel_stride + channel;
}

__device__ inline float combine(BinaryOp op, float a, float b) {
  switch (op) {
    case BinaryOp::kAdd:
      return a + b;
    case BinaryOp::kSub:
      return a - b;
    case BinaryOp::kMul:
      return a * b;
    case BinaryOp::kDiv:
      return a / b;
    case BinaryOp::kMin:
      return b < a ? b : a;
    default:
      return a < b ? b : a;
  }
}

}  // namespace

extern "C" {
__global__ void __launch_bounds__(128) unary_f16(UnaryParams p) {
  Place place;
  if (!place_of(static_cast<int>(p.P), p.C, &place)) return;
  float v[kChannels];
  load_channels(at(p.x, place.pixel, p.x_pixel_stride, place.channel), place.count, v);
  activate(v, p.activation);
  store_channels(at(p.y, place.pixel, p.y_pixel_stride, place.channel), place.count, v);
}

__global__ void __launch_bounds__(128) binary_f16(BinaryParams p) {
  Place place;
  if (!place_of(static_cast<int>(p.P), p.C, &place)) return;
  float a[kChannels], b[kChannels];
  load_channels(at(p.a, place.pixel, p.a_pixel_stride, place.channel), place.count, a);
  load_channels(at(p.b, place.pixel, p.b_pixel_stride, place.channel), place.count, b);
#pragma unroll
  for (int i = 0; i < kChannels; ++i) a[i] = combine(p.op, a[i], b[i]);
  activate(a, p.activation);
  store_channels(at(p.y, place.pixel, p.y_pixel_stride, place.channel), place.count, a);
}

// A thread a channel: a warp reads neighbouring indices, and x from one or a few pixels.
__global__ void __launch_bounds__(128) gather_f16(GatherParams p) {
  const int index = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  const int pixel = index / p.C, channel = index % p.C;
  if (pixel >= p.P) return;
  *at(p.y, pixel, p.y_pixel_stride, channel) = *at(p.x, pixel, p.x_pixel_stride, p.index[channel]);
}

// A thread a channel, as channels of a pixel of x may be fewer than eight.
__global__ void __launch_bounds__(128) focus_f16(FocusParams p) {
  const int index = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  const int pixel = index / (4 * p.C), channel = index % (4 * p.C);
  if (pixel >= p.OH * p.OW) return;
  const int oy = pixel / p.OW, ox = pixel % p.OW, group = channel / p.C;
  int dy = p.dy[0], dx = p.dx[0];
#pragma unroll
  for (int g = 1; g < 4; ++g) {  // parameters at an index would be copied to local memory
    if (group == g) dy = p.dy[g], dx = p.dx[g];
  }
  const int from = (2 * oy + dy) * 2 * p.OW + 2 * ox + dx;
  *at(p.y, pixel, p.y_pixel_stride, channel) = *at(p.x, from, p.x_pixel_stride, channel % p.C);
}

__global__ void __launch_bounds__(128) pad_f16(PadParams<float> p) {
  Place place;
  if (!place_of(p.OH * p.OW, p.C, &place)) return;
  const int iy = place.pixel / p.OW - p.pad_top, ix = place.pixel % p.OW - p.pad_left;
  float v[kChannels];
  if (iy >= 0 && iy < p.IH && ix >= 0 && ix < p.IW) {
    load_channels(at(p.x, iy * p.IW + ix, p.x_pixel_stride, place.channel), place.count, v);
  } else {
#pragma unroll
    for (float& one : v) one = p.value;
  }
  store_channels(at(p.y, place.pixel, p.y_pixel_stride, place.channel), place.count, v);
}
}

}  // namespace pawl::kernels::cuda
