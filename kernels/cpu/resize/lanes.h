// Resize over vectors of channels; include after lanes_<isa>.h.
#pragma once

#include "kernels/cpu/resize/entries.h"

namespace pawl::kernels::cpu {
namespace {

void copy_channels(const float* x, float* y, int32_t C) {
  int32_t c = 0;
  for (; c + 2 * kLanes <= C; c += 2 * kLanes) {
    const Lanes first = load(x + c);
    const Lanes second = load(x + c + kLanes);
    store(y + c, first);
    store(y + c + kLanes, second);
  }
  for (; c + kLanes <= C; c += kLanes) store(y + c, load(x + c));
  if (c < C) store_first(y + c, load_first(x + c, C - c), C - c);
}

void resize_nearest_row(const ResizeParams& p, int32_t oy) {
  const float* row = p.x + ptrdiff_t{p.row0[oy]} * p.IW * p.x_pixel_stride;
  float* y = p.y + ptrdiff_t{oy} * p.OW * p.y_pixel_stride;
  for (int32_t ox = 0; ox < p.OW; ++ox, y += p.y_pixel_stride) {
    copy_channels(row + ptrdiff_t{p.col0[ox]} * p.x_pixel_stride, y, p.C);
  }
}

Lanes lerp(Lanes a, Lanes b, Lanes t) {
  return multiply_add(subtract(b, a), t, a);
}

// The four neighbours of one output and the weights of the second column and row.
struct Neighbours {
  const float* x00;
  const float* x01;
  const float* x10;
  const float* x11;
  Lanes col_t, row_t;
};

void resize_linear_pixel(const Neighbours& from, float* y, int32_t C) {
  int32_t c = 0;
  for (; c + kLanes <= C; c += kLanes) {
    const Lanes upper = lerp(load(from.x00 + c), load(from.x01 + c), from.col_t);
    const Lanes lower = lerp(load(from.x10 + c), load(from.x11 + c), from.col_t);
    store(y + c, lerp(upper, lower, from.row_t));
  }
  if (c == C) return;
  const int32_t n = C - c;
  const Lanes upper = lerp(load_first(from.x00 + c, n), load_first(from.x01 + c, n), from.col_t);
  const Lanes lower = lerp(load_first(from.x10 + c, n), load_first(from.x11 + c, n), from.col_t);
  store_first(y + c, lerp(upper, lower, from.row_t), n);
}

void resize_linear_row(const ResizeParams& p, int32_t oy) {
  const float* upper = p.x + ptrdiff_t{p.row0[oy]} * p.IW * p.x_pixel_stride;
  const float* lower = p.x + ptrdiff_t{p.row1[oy]} * p.IW * p.x_pixel_stride;
  float* y = p.y + ptrdiff_t{oy} * p.OW * p.y_pixel_stride;
  for (int32_t ox = 0; ox < p.OW; ++ox, y += p.y_pixel_stride) {
    const ptrdiff_t left = ptrdiff_t{p.col0[ox]} * p.x_pixel_stride;
    const ptrdiff_t right = ptrdiff_t{p.col1[ox]} * p.x_pixel_stride;
    resize_linear_pixel({upper + left, upper + right, lower + left, lower + right,
                         fill(p.col_t[ox]), fill(p.row_t[oy])},
                        y, p.C);
  }
}

void resize_rows(const ResizeParams& p, int32_t part, int32_t parts) {
  const auto row_begin = static_cast<int32_t>(int64_t{p.OH} * part / parts);
  const auto row_end = static_cast<int32_t>(int64_t{p.OH} * (part + 1) / parts);
  for (int32_t oy = row_begin; oy < row_end; ++oy) {
    if (p.kind == ResizeKind::kNearest) {
      resize_nearest_row(p, oy);
    } else {
      resize_linear_row(p, oy);
    }
  }
}

}  // namespace
}  // namespace pawl::kernels::cpu
