// The specification of pixelwise_u8.h.
#include <cstddef>

#include "kernels/cpu/pixelwise_u8/entries.h"
#include "kernels/cpu/vec/requantize_scalar.h"

namespace pawl::kernels::cpu {
namespace {

uint8_t largest_tap(const MaxPoolU8Params& p, int32_t oy, int32_t ox, int32_t c) {
  uint8_t largest = 0;
  for (int32_t ky = 0; ky < p.KH; ++ky) {
    const int32_t iy = oy * p.stride_h + ky * p.dilation_h - p.pad_top;
    if (iy < 0 || iy >= p.IH) continue;
    for (int32_t kx = 0; kx < p.KW; ++kx) {
      const int32_t ix = ox * p.stride_w + kx * p.dilation_w - p.pad_left;
      if (ix < 0 || ix >= p.IW) continue;
      const uint8_t value = p.x[(ptrdiff_t{iy} * p.IW + ix) * p.x_pixel_stride + c];
      if (value > largest) largest = value;
    }
  }
  return largest;
}

}  // namespace

void quantize_u8_scalar(const QuantizeParams& p, int32_t part, int32_t parts) {
  const int64_t end = p.P * (part + 1) / parts;
  for (int64_t i = p.P * part / parts; i < end; ++i) {
    for (int32_t c = 0; c < p.C; ++c) {
      p.y[i * p.y_pixel_stride + c] =
          quantize_scalar(p.x[i * p.x_pixel_stride + c], p.inverse_scale, p.zero);
    }
  }
}

void dequantize_u8_scalar(const DequantizeParams& p, int32_t part, int32_t parts) {
  const int64_t end = p.P * (part + 1) / parts;
  for (int64_t i = p.P * part / parts; i < end; ++i) {
    for (int32_t c = 0; c < p.C; ++c) {
      const int32_t centred = int32_t{p.x[i * p.x_pixel_stride + c]} - p.quantization.zero;
      p.y[i * p.y_pixel_stride + c] = static_cast<float>(centred) * p.quantization.scale;
    }
  }
}

void copy_u8_scalar(const CopyU8Params& p, int32_t part, int32_t parts) {
  const int64_t end = p.P * (part + 1) / parts;
  for (int64_t i = p.P * part / parts; i < end; ++i) {
    for (int32_t c = 0; c < p.C; ++c) {
      const int32_t from = p.index == nullptr ? c : p.index[c];
      p.y[i * p.y_pixel_stride + c] = p.x[i * p.x_pixel_stride + from];
    }
  }
}

void max_pool_u8_scalar(const MaxPoolU8Params& p, int32_t part, int32_t parts) {
  const auto row_begin = static_cast<int32_t>(int64_t{p.OH} * part / parts);
  const auto row_end = static_cast<int32_t>(int64_t{p.OH} * (part + 1) / parts);
  for (int32_t oy = row_begin; oy < row_end; ++oy) {
    for (int32_t ox = 0; ox < p.OW; ++ox) {
      uint8_t* y = p.y + (ptrdiff_t{oy} * p.OW + ox) * p.y_pixel_stride;
      for (int32_t c = 0; c < p.C; ++c) y[c] = largest_tap(p, oy, ox, c);
    }
  }
}

void nearest_u8_scalar(const NearestU8Params& p, int32_t part, int32_t parts) {
  const auto row_begin = static_cast<int32_t>(int64_t{p.OH} * part / parts);
  const auto row_end = static_cast<int32_t>(int64_t{p.OH} * (part + 1) / parts);
  for (int32_t oy = row_begin; oy < row_end; ++oy) {
    for (int32_t ox = 0; ox < p.OW; ++ox) {
      const uint8_t* x = p.x + (ptrdiff_t{p.row[oy]} * p.IW + p.col[ox]) * p.x_pixel_stride;
      uint8_t* y = p.y + (ptrdiff_t{oy} * p.OW + ox) * p.y_pixel_stride;
      for (int32_t c = 0; c < p.C; ++c) y[c] = x[c];
    }
  }
}

}  // namespace pawl::kernels::cpu
