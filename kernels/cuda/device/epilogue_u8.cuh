// The end of a quantized convolution (kernels/quantized.h) for eight channels of a pixel, operation by
// operation as cpu/vec/requantize_scalar.h.
#pragma once

#include <cuda_fp16.h>

#include <cstdint>
#include <cstring>

#include "kernels/cuda/device/requantize.cuh"
#include "kernels/quantized.h"

namespace pawl::kernels::cuda {

// Bytes, or where y_half is set float16.
struct OutputU8 {
  uint8_t* y;
  uint16_t* y_half;
  int pixel_stride, channels;
};

// Of tables, which are filled up to a multiple of eight; 16-byte aligned.
template <typename T>
__device__ inline void load_eight(const T* from, T (&to)[8]) {
#pragma unroll
  for (int i = 0; i < 8; i += 4) {
    const uint4 four = *reinterpret_cast<const uint4*>(from + i);
    memcpy(to + i, &four, sizeof(four));
  }
}

// `count` bytes of eight, 8-byte aligned; the others are 0 and not read.
__device__ inline uint2 load_bytes(const uint8_t* from, int count) {
  if (count >= 8) return *reinterpret_cast<const uint2*>(from);
  uint2 bytes = make_uint2(0, 0);
#pragma unroll
  for (int i = 0; i < 7; ++i) {
    const uint32_t byte = i < count ? from[i] : 0;
    (i < 4 ? bytes.x : bytes.y) |= byte << 8 * (i % 4);
  }
  return bytes;
}
__device__ inline int byte_of(const uint2& bytes, int i) {
  return (i < 4 ? bytes.x : bytes.y) >> 8 * (i % 4) & 255;
}
__device__ inline void store_bytes(uint8_t* to, int count, const uint32_t (&v)[8]) {
  if (count >= 8) {
    *reinterpret_cast<uint2*>(to) = make_uint2(v[0] | v[1] << 8 | v[2] << 16 | v[3] << 24,
                                               v[4] | v[5] << 8 | v[6] << 16 | v[7] << 24);
    return;
  }
#pragma unroll
  for (int i = 0; i < 7; ++i) {
    if (i < count) to[i] = static_cast<uint8_t>(v[i]);
  }
}

// `sums` with the bias added; channels from `first` on, those past the last are not there.
__device__ inline void finish_u8(const Epilogue& e, const OutputU8& out, int pixel, int first,
                                 const int (&sums)[8]) {
  const int count = min(out.channels - first, 8);
  float v[8], scale[8];
  load_eight(e.scale + first, scale);
#pragma unroll
  for (int i = 0; i < 8; ++i) v[i] = __fmul_rn(__int2float_rn(sums[i]), scale[i]);
  activate_quantized(v, e.activation);
  if (e.residual != nullptr) {
    const uint2 bytes = load_bytes(e.residual + pixel * e.residual_pixel_stride + first, count);
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      const float addend = __int2float_rn(byte_of(bytes, i) - e.residual_quantization.zero);
      v[i] = __fmaf_rn(addend, e.residual_quantization.scale, v[i]);
    }
  }
  if (out.y_half != nullptr) {
    uint16_t* y = out.y_half + pixel * out.pixel_stride + first;
    if (count == 8) {
      uint4 packed;
      __half2* halves = reinterpret_cast<__half2*>(&packed);
#pragma unroll
      for (int i = 0; i < 4; ++i) halves[i] = __floats2half2_rn(v[2 * i], v[2 * i + 1]);
      *reinterpret_cast<uint4*>(y) = packed;
      return;
    }
#pragma unroll
    for (int i = 0; i < 7; ++i) {
      if (i < count) reinterpret_cast<__half*>(y)[i] = __float2half_rn(v[i]);
    }
    return;
  }
  uint32_t bytes[8];
  load_eight(e.inverse_scale + first, scale);
#pragma unroll
  for (int i = 0; i < 8; ++i) bytes[i] = quantize(v[i], scale[i], e.zero);
  store_bytes(out.y + pixel * out.pixel_stride + first, count, bytes);
}

}  // namespace pawl::kernels::cuda
