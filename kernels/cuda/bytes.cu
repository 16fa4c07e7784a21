// See bytes.h. A thread makes eight channels of a pixel where not said otherwise, by single IEEE
// operations in the order of the scalar kernels.
#include <cstdint>

#include "kernels/cuda/bytes.h"
#include "kernels/cuda/device/channels.cuh"
#include "kernels/cuda/device/epilogue_u8.cuh"

namespace pawl::kernels::cuda {
namespace {

template <typename T>
__device__ inline T* at(T* image, int pixel, int pixel_stride, int channel) {
  return image + static_cast<size_t>(pixel) * pixel_stride + channel;
}

__device__ inline const uint16_t* halves(const float* address) {
  return reinterpret_cast<const uint16_t*>(address);
}

// Calls f with the eight channels of every tap; `inside` says whether it lies in the image.
template <typename Params, typename F>
__device__ inline void each_tap(const Params& p, const Place& place, F f) {
  const int oy = place.pixel / p.OW, ox = place.pixel % p.OW;
  for (int ky = 0; ky < p.KH; ++ky) {
    const int iy = oy * p.stride_h + ky * p.dilation_h - p.pad_top;
    for (int kx = 0; kx < p.KW; ++kx) {
      const int ix = ox * p.stride_w + kx * p.dilation_w - p.pad_left;
      const bool inside = iy >= 0 && iy < p.IH && ix >= 0 && ix < p.IW;
      uint2 bytes = make_uint2(0, 0);
      if (inside) {
        bytes = load_bytes(at(p.x, iy * p.IW + ix, p.x_pixel_stride, place.channel), place.count);
      }
      f(bytes, inside, ky * p.KW + kx);
    }
  }
}

template <typename Params>
__device__ inline void store(const Params& p, const Place& place, const uint32_t (&v)[8]) {
  store_bytes(at(p.y, place.pixel, p.y_pixel_stride, place.channel), place.count, v);
}

}  // namespace

extern "C" {
__global__ void __launch_bounds__(128) quantize_f16(QuantizeParams p) {
  Place place;
  if (!place_of(static_cast<int>(p.P), p.C, &place)) return;
  float x[8];
  load_channels(at(halves(p.x), place.pixel, p.x_pixel_stride, place.channel), place.count, x);
  uint32_t y[8];
#pragma unroll
  for (int i = 0; i < 8; ++i) y[i] = quantize(x[i], p.inverse_scale, p.zero);
  store(p, place, y);
}

__global__ void __launch_bounds__(128) dequantize_f16(DequantizeParams p) {
  Place place;
  if (!place_of(static_cast<int>(p.P), p.C, &place)) return;
  const uint2 x = load_bytes(at(p.x, place.pixel, p.x_pixel_stride, place.channel), place.count);
  float y[8];
#pragma unroll
  for (int i = 0; i < 8; ++i) {
    y[i] = __fmul_rn(__int2float_rn(byte_of(x, i) - p.quantization.zero), p.quantization.scale);
  }
  store_channels(at(reinterpret_cast<uint16_t*>(p.y), place.pixel, p.y_pixel_stride, place.channel),
                 place.count, y);
}

__global__ void __launch_bounds__(128) copy_u8(CopyU8Params p) {
  Place place;
  if (!place_of(static_cast<int>(p.P), p.C, &place)) return;
  const uint2 x = load_bytes(at(p.x, place.pixel, p.x_pixel_stride, place.channel), place.count);
  uint32_t y[8];
#pragma unroll
  for (int i = 0; i < 8; ++i) y[i] = byte_of(x, i);
  // Into the middle of a pixel: byte by byte.
  uint8_t* to = at(p.y, place.pixel, p.y_pixel_stride, place.channel);
  if (reinterpret_cast<uintptr_t>(to) % 8 == 0) return store_bytes(to, place.count, y);
#pragma unroll
  for (int i = 0; i < 8; ++i) {
    if (i < place.count) to[i] = static_cast<uint8_t>(y[i]);
  }
}

// A thread a channel: a warp reads neighbouring indices, and x from one or a few pixels.
__global__ void __launch_bounds__(128) gather_u8(CopyU8Params p) {
  const int index = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  const int pixel = index / p.C, channel = index % p.C;
  if (pixel >= p.P) return;
  *at(p.y, pixel, p.y_pixel_stride, channel) = *at(p.x, pixel, p.x_pixel_stride, p.index[channel]);
}

__global__ void __launch_bounds__(128) max_pool_u8(MaxPoolU8Params p) {
  Place place;
  if (!place_of(p.OH * p.OW, p.C, &place)) return;
  uint32_t best[8] = {};
  each_tap(p, place, [&](const uint2& x, bool inside, int) {
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      const uint32_t byte = byte_of(x, i);
      best[i] = inside && byte > best[i] ? byte : best[i];
    }
  });
  store(p, place, best);
}

__global__ void __launch_bounds__(128) nearest_u8(NearestU8Params p) {
  Place place;
  if (!place_of(p.OH * p.OW, p.C, &place)) return;
  const int from = p.row[place.pixel / p.OW] * p.IW + p.col[place.pixel % p.OW];
  const uint2 x = load_bytes(at(p.x, from, p.x_pixel_stride, place.channel), place.count);
  uint32_t y[8];
#pragma unroll
  for (int i = 0; i < 8; ++i) y[i] = byte_of(x, i);
  store(p, place, y);
}

__global__ void __launch_bounds__(128) binary_u8(BinaryU8Params p) {
  Place place;
  if (!place_of(static_cast<int>(p.P), p.C, &place)) return;
  const uint2 a = load_bytes(at(p.a, place.pixel, p.a_pixel_stride, place.channel), place.count);
  const uint2 b = load_bytes(at(p.b, place.pixel, p.b_pixel_stride, place.channel), place.count);
  uint32_t y[8];
#pragma unroll
  for (int i = 0; i < 8; ++i) {
    const int left = byte_of(a, i) - p.a_zero, right = byte_of(b, i) - p.b_zero;
    if (p.op == BinaryOp::kMul) {
      y[i] = quantize(__int2float_rn(left * right), p.a_factor, p.zero);
    } else {
      const float addend = __fmul_rn(__int2float_rn(right), p.b_factor);
      y[i] = quantize(__fmaf_rn(__int2float_rn(left), p.a_factor, addend), 1.0F, p.zero);
    }
  }
  store(p, place, y);
}

__global__ void __launch_bounds__(128) average_pool_u8(AveragePoolU8Params p) {
  Place place;
  if (!place_of(p.OH * p.OW, p.C, &place)) return;
  int sum[8] = {};
  int taps = 0;
  each_tap(p, place, [&](const uint2& x, bool inside, int) {
    if (!inside) return;
    ++taps;
#pragma unroll
    for (int i = 0; i < 8; ++i) sum[i] += byte_of(x, i) - p.x_zero;
  });
  if (p.count_padding) taps = p.KH * p.KW;
  const float factor = __fdiv_rn(p.factor, __int2float_rn(taps > 0 ? taps : 1));
  uint32_t y[8];
#pragma unroll
  for (int i = 0; i < 8; ++i) y[i] = quantize(__int2float_rn(sum[i]), factor, p.zero);
  store(p, place, y);
}

__global__ void __launch_bounds__(128) table_u8(TableU8Params p) {
  Place place;
  if (!place_of(static_cast<int>(p.P), p.C, &place)) return;
  const uint2 x = load_bytes(at(p.x, place.pixel, p.x_pixel_stride, place.channel), place.count);
  uint32_t y[8];
#pragma unroll
  for (int i = 0; i < 8; ++i) y[i] = p.table[byte_of(x, i)];
  store(p, place, y);
}

__global__ void __launch_bounds__(128) pad_u8(PadParams<uint8_t> p) {
  Place place;
  if (!place_of(p.OH * p.OW, p.C, &place)) return;
  const int iy = place.pixel / p.OW - p.pad_top, ix = place.pixel % p.OW - p.pad_left;
  uint32_t y[8];
#pragma unroll
  for (uint32_t& one : y) one = p.value;
  if (iy >= 0 && iy < p.IH && ix >= 0 && ix < p.IW) {
    const uint2 x =
        load_bytes(at(p.x, iy * p.IW + ix, p.x_pixel_stride, place.channel), place.count);
#pragma unroll
    for (int i = 0; i < 8; ++i) y[i] = byte_of(x, i);
  }
  store(p, place, y);
}

// Weights in rows of channels rounded up to 16, zero-filled.
__global__ void __launch_bounds__(128) depthwise_u8(DepthwiseU8Params p) {
  Place place;
  if (!place_of(p.OH * p.OW, p.C, &place)) return;
  const int row = (p.C + 15) / 16 * 16;
  int sum[8];
  load_eight(p.bias + place.channel, sum);
  each_tap(p, place, [&](const uint2& x, bool inside, int tap) {
    const uint2 weights = *reinterpret_cast<const uint2*>(p.weight + tap * row + place.channel);
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      const int byte = inside ? byte_of(x, i) : p.pad;
      sum[i] += byte * static_cast<int8_t>(byte_of(weights, i));
    }
  });
  finish_u8(p.epilogue, {p.y, reinterpret_cast<uint16_t*>(p.y_float), p.y_pixel_stride, p.C},
            place.pixel, place.channel, sum);
}
}

}  // namespace pawl::kernels::cuda
