// The specification of pool.h.
#include <cstddef>
#include <limits>

#include "kernels/cpu/pool/entries.h"

namespace pawl::kernels::cpu {
namespace {

struct Reduction {
  float largest = -std::numeric_limits<float>::infinity();
  double sum = 0.0;
  int32_t taps = 0;
};

Reduction reduce_window(const PoolParams& p, int32_t oy, int32_t ox, int32_t c) {
  Reduction reduction;
  for (int32_t ky = 0; ky < p.KH; ++ky) {
    const int32_t iy = oy * p.stride_h + ky * p.dilation_h - p.pad_top;
    if (iy < 0 || iy >= p.IH) continue;
    for (int32_t kx = 0; kx < p.KW; ++kx) {
      const int32_t ix = ox * p.stride_w + kx * p.dilation_w - p.pad_left;
      if (ix < 0 || ix >= p.IW) continue;
      const float value = p.x[(ptrdiff_t{iy} * p.IW + ix) * p.x_pixel_stride + c];
      if (value > reduction.largest) reduction.largest = value;
      reduction.sum += double{value};
      ++reduction.taps;
    }
  }
  return reduction;
}

}  // namespace

void pool_scalar(const PoolParams& p, int32_t part, int32_t parts) {
  const auto row_begin = static_cast<int32_t>(int64_t{p.OH} * part / parts);
  const auto row_end = static_cast<int32_t>(int64_t{p.OH} * (part + 1) / parts);
  for (int32_t oy = row_begin; oy < row_end; ++oy) {
    for (int32_t ox = 0; ox < p.OW; ++ox) {
      float* y = p.y + (ptrdiff_t{oy} * p.OW + ox) * p.y_pixel_stride;
      for (int32_t c = 0; c < p.C; ++c) {
        const Reduction reduction = reduce_window(p, oy, ox, c);
        const int32_t divisor = p.count_padding ? p.KH * p.KW : reduction.taps;
        const double average = divisor > 0 ? reduction.sum / divisor : 0.0;
        y[c] = p.kind == PoolKind::kMax ? reduction.largest : static_cast<float>(average);
      }
    }
  }
}

}  // namespace pawl::kernels::cpu
