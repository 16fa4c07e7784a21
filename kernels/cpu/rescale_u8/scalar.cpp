// The specification of rescale_u8.h.
#include <cstddef>

#include "kernels/cpu/rescale_u8/entries.h"
#include "kernels/cpu/vec/requantize_scalar.h"

namespace pawl::kernels::cpu {
namespace {

uint8_t combined(const BinaryU8Params& p, int32_t a, int32_t b) {
  const int32_t left = a - p.a_zero;
  const int32_t right = b - p.b_zero;
  if (p.op == BinaryOp::kMul) {
    return quantize_scalar(static_cast<float>(left * right), p.a_factor, p.zero);
  }
  const float addend = static_cast<float>(right) * p.b_factor;
  return quantize_scalar(__builtin_fmaf(static_cast<float>(left), p.a_factor, addend), 1.0F,
                         p.zero);
}

uint8_t average(const AveragePoolU8Params& p, int32_t oy, int32_t ox, int32_t c) {
  int32_t sum = 0;
  int32_t inside = 0;
  for (int32_t ky = 0; ky < p.KH; ++ky) {
    const int32_t iy = oy * p.stride_h + ky * p.dilation_h - p.pad_top;
    if (iy < 0 || iy >= p.IH) continue;
    for (int32_t kx = 0; kx < p.KW; ++kx) {
      const int32_t ix = ox * p.stride_w + kx * p.dilation_w - p.pad_left;
      if (ix < 0 || ix >= p.IW) continue;
      sum += int32_t{p.x[(ptrdiff_t{iy} * p.IW + ix) * p.x_pixel_stride + c]} - p.x_zero;
      ++inside;
    }
  }
  const int32_t taps = p.count_padding ? p.KH * p.KW : inside;
  const float factor = p.factor / static_cast<float>(taps > 0 ? taps : 1);
  return quantize_scalar(static_cast<float>(sum), factor, p.zero);
}

}  // namespace

void binary_u8_scalar(const BinaryU8Params& p, int32_t part, int32_t parts) {
  const int64_t end = p.P * (part + 1) / parts;
  for (int64_t i = p.P * part / parts; i < end; ++i) {
    const uint8_t* a = p.a + i * p.a_pixel_stride;
    const uint8_t* b = p.b + i * p.b_pixel_stride;
    uint8_t* y = p.y + i * p.y_pixel_stride;
    for (int32_t c = 0; c < p.C; ++c) y[c] = combined(p, a[c], b[c]);
  }
}

void average_pool_u8_scalar(const AveragePoolU8Params& p, int32_t part, int32_t parts) {
  const auto row_end = static_cast<int32_t>(int64_t{p.OH} * (part + 1) / parts);
  for (auto oy = static_cast<int32_t>(int64_t{p.OH} * part / parts); oy < row_end; ++oy) {
    for (int32_t ox = 0; ox < p.OW; ++ox) {
      uint8_t* y = p.y + (ptrdiff_t{oy} * p.OW + ox) * p.y_pixel_stride;
      for (int32_t c = 0; c < p.C; ++c) y[c] = average(p, oy, ox, c);
    }
  }
}

void table_u8_scalar(const TableU8Params& p, int32_t part, int32_t parts) {
  const int64_t end = p.P * (part + 1) / parts;
  for (int64_t i = p.P * part / parts; i < end; ++i) {
    const uint8_t* x = p.x + i * p.x_pixel_stride;
    uint8_t* y = p.y + i * p.y_pixel_stride;
    for (int32_t c = 0; c < p.C; ++c) y[c] = p.table[x[c]];
  }
}

}  // namespace pawl::kernels::cpu
