// See letterbox.h. A thread makes a pixel of y from its four source pixels.
#include <cuda_fp16.h>

#include <cstdint>

#include "kernels/cuda/letterbox.h"

namespace pawl::kernels::cuda {
namespace {

struct Source {
  explicit __device__ Source(const FrameHeader* header)
      : frame(*header),
        base(reinterpret_cast<const uint8_t*>(header)),
        columns(reinterpret_cast<const int32_t*>(base + frame.tables)),
        rows(columns + 2 * frame.fit_w) {}

  const FrameHeader frame;
  const uint8_t* const base;
  const int32_t* const columns;  // index, then weight
  const int32_t* const rows;
};

struct Pixel {
  int channel[3];  // blue, green, red
};

__device__ inline int saturate(int value) {
  return min(max(value, 0), 255);
}

// BT.601, limited range, in the fixed point of cpu/letterbox/scalar.cpp.
__device__ inline Pixel from_nv12(const Source& s, int iy, int ix) {
  const uint8_t* uv = s.base + s.frame.uv + s.frame.uv_row_bytes * (iy / 2) + ix / 2 * 2;
  const int luma = max(s.base[s.frame.pixels + s.frame.row_bytes * iy + ix] - 16, 0) * 1220542;
  const int u = uv[0] - 128, v = uv[1] - 128, half = 1 << 19;
  return {{saturate((luma + 2116026 * u + half) >> 20),
           saturate((luma - 409993 * u - 852492 * v + half) >> 20),
           saturate((luma + 1673527 * v + half) >> 20)}};
}

// Taps beyond the border repeat it.
__device__ inline Pixel source_pixel(const Source& s, int iy, int ix) {
  iy = min(max(iy, 0), s.frame.IH - 1);
  ix = min(max(ix, 0), s.frame.IW - 1);
  const uint8_t* row = s.base + s.frame.pixels + static_cast<size_t>(s.frame.row_bytes) * iy;
  switch (static_cast<PixelLayout>(s.frame.layout)) {
    case PixelLayout::kBgr8:
      return {{row[3 * ix], row[3 * ix + 1], row[3 * ix + 2]}};
    case PixelLayout::kRgb8:
      return {{row[3 * ix + 2], row[3 * ix + 1], row[3 * ix]}};
    case PixelLayout::kGray8:
      return {{row[ix], row[ix], row[ix]}};
    default:
      return from_nv12(s, iy, ix);
  }
}

__device__ inline int gray(const Pixel& p) {
  return (p.channel[0] * 3735 + p.channel[1] * 19235 + p.channel[2] * 9798 + 16384) >> 15;
}

// The channels of y, from the four neighbours; shifts and their order are the rule.
__device__ inline void resized(const LetterboxLaunchParams& p, const Source& s, int fy, int fx,
                               int (&value)[3]) {
  const int ix = s.columns[fx], x_weight = s.columns[s.frame.fit_w + fx];
  const int iy = s.rows[fy], y_weight = s.rows[s.frame.fit_h + fy];
  Pixel taps[4] = {source_pixel(s, iy, ix), source_pixel(s, iy, ix + 1),
                   source_pixel(s, iy + 1, ix), source_pixel(s, iy + 1, ix + 1)};
  if (p.channels == 1 && static_cast<PixelLayout>(s.frame.layout) != PixelLayout::kGray8) {
#pragma unroll
    for (Pixel& tap : taps) tap.channel[0] = gray(tap);
  }
#pragma unroll
  for (int c = 0; c < 3; ++c) {
    const int upper = (taps[0].channel[c] * (2048 - x_weight) + taps[1].channel[c] * x_weight) >> 4;
    const int lower = (taps[2].channel[c] * (2048 - x_weight) + taps[3].channel[c] * x_weight) >> 4;
    value[c] = (((2048 - y_weight) * upper >> 16) + (y_weight * lower >> 16) + 2) >> 2;
  }
  if (p.channels == 3 && p.rgb) {
    const int red = value[2];
    value[2] = value[0];
    value[0] = red;
  }
}

// False for a thread without a pixel.
__device__ inline bool pixel_of(const LetterboxLaunchParams& p, int* at, int (&value)[3]) {
  *at = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (*at >= p.OW * p.OH) return false;
  const Source source(p.frame);
  const int fy = *at / p.OW - source.frame.fit_y, fx = *at % p.OW - source.frame.fit_x;
  if (fy >= 0 && fy < source.frame.fit_h && fx >= 0 && fx < source.frame.fit_w) {
    resized(p, source, fy, fx, value);
  } else {
    value[0] = value[1] = value[2] = p.pad_value;
  }
  return true;
}

}  // namespace

extern "C" {
__global__ void __launch_bounds__(128) letterbox_f16(LetterboxLaunchParams p) {
  int at, value[3];
  if (!pixel_of(p, &at, value)) return;
  float v[3];
#pragma unroll
  for (int c = 0; c < 3; ++c) {
    v[c] = c < p.channels ? (static_cast<float>(value[c]) - p.mean[c]) * p.scale[c] : 0.0F;
  }
  uint4 packed = make_uint4(0, 0, 0, 0);
  __half2* halves = reinterpret_cast<__half2*>(&packed);
  halves[0] = __floats2half2_rn(v[0], v[1]);
  halves[1] = __floats2half2_rn(v[2], 0.0F);
  *reinterpret_cast<uint4*>(p.y + static_cast<size_t>(at) * p.y_pixel_stride) = packed;
}

__global__ void __launch_bounds__(128) letterbox_u8(LetterboxLaunchParams p) {
  int at, value[3];
  if (!pixel_of(p, &at, value)) return;
  uint8_t* y = p.y_u8 + static_cast<size_t>(at) * p.y_pixel_stride;
  y[0] = static_cast<uint8_t>(value[0]);
  if (p.channels == 1) return;
  y[1] = static_cast<uint8_t>(value[1]);
  y[2] = static_cast<uint8_t>(value[2]);
}
}

}  // namespace pawl::kernels::cuda
