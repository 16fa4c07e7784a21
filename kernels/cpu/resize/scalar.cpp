// The specification of resize.h.
#include <cstddef>

#include "kernels/cpu/resize/entries.h"

namespace pawl::kernels::cpu {
namespace {

float lerp(float a, float b, float t) {
  return a + (b - a) * t;
}

const float* pixel(const ResizeParams& p, int32_t iy, int32_t ix) {
  return p.x + (ptrdiff_t{iy} * p.IW + ix) * p.x_pixel_stride;
}

}  // namespace

void resize_scalar(const ResizeParams& p, int32_t part, int32_t parts) {
  const auto row_begin = static_cast<int32_t>(int64_t{p.OH} * part / parts);
  const auto row_end = static_cast<int32_t>(int64_t{p.OH} * (part + 1) / parts);
  for (int32_t oy = row_begin; oy < row_end; ++oy) {
    for (int32_t ox = 0; ox < p.OW; ++ox) {
      const float* x00 = pixel(p, p.row0[oy], p.col0[ox]);
      float* y = p.y + (ptrdiff_t{oy} * p.OW + ox) * p.y_pixel_stride;
      if (p.kind == ResizeKind::kNearest) {
        for (int32_t c = 0; c < p.C; ++c) y[c] = x00[c];
        continue;
      }
      const float* x01 = pixel(p, p.row0[oy], p.col1[ox]);
      const float* x10 = pixel(p, p.row1[oy], p.col0[ox]);
      const float* x11 = pixel(p, p.row1[oy], p.col1[ox]);
      for (int32_t c = 0; c < p.C; ++c) {
        const float upper = lerp(x00[c], x01[c], p.col_t[ox]);
        const float lower = lerp(x10[c], x11[c], p.col_t[ox]);
        y[c] = lerp(upper, lower, p.row_t[oy]);
      }
    }
  }
}

}  // namespace pawl::kernels::cpu
