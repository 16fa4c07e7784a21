// Pooling over vectors of channels; include after lanes_<isa>.h.
// Max is separable: a strip of columns is reduced over the rows of the window into a small buffer,
// and each output over the columns of that buffer, KH + KW steps instead of KH * KW. Averages add
// doubles, tap by tap.
#pragma once

#include "kernels/cpu/pool/entries.h"

namespace pawl::kernels::cpu {
namespace {

constexpr int32_t kStripColumns = 64;  // of x; 4 KiB of AVX-512 vectors

struct Taps {
  int32_t begin, end;  // of the window, inside the image
};

// Taps k of [0, K) with 0 <= start + k * dilation < extent.
Taps taps_inside(int32_t start, int32_t K, int32_t dilation, int32_t extent) {
  Taps taps = {0, K};
  while (taps.begin < K && start + taps.begin * dilation < 0) ++taps.begin;
  while (taps.end > taps.begin && start + (taps.end - 1) * dilation >= extent) --taps.end;
  return taps;
}

Lanes load_channels(const float* x, int32_t channels) {
  return channels >= kLanes ? load(x) : load_first(x, channels);
}

void store_channels(float* y, Lanes v, int32_t channels) {
  if (channels >= kLanes) {
    store(y, v);
  } else {
    store_first(y, v, channels);
  }
}

const float* pool_pixel(const PoolParams& p, int32_t iy, int32_t ix, int32_t c) {
  return p.x + (ptrdiff_t{iy} * p.IW + ix) * p.x_pixel_stride + c;
}

// The largest of one column's taps in rows [taps), channels c...
Lanes column_maximum(const PoolParams& p, Taps taps, int32_t iy, int32_t ix, int32_t c) {
  Lanes largest = fill(-__builtin_inff());
  if (ix < 0 || ix >= p.IW) return largest;
  const float* x = pool_pixel(p, iy + taps.begin * p.dilation_h, ix, c);
  const ptrdiff_t row = ptrdiff_t{p.dilation_h} * p.IW * p.x_pixel_stride;
  for (int32_t ky = taps.begin; ky < taps.end; ++ky, x += row) {
    largest = maximum(largest, load_channels(x, p.C - c));
  }
  return largest;
}

// Outputs [ox, ox + count) of row oy, channels c...; the columns they read fit the strip.
void pool_max_strip(const PoolParams& p, int32_t oy, int32_t ox, int32_t count, int32_t c) {
  Lanes strip[kStripColumns];
  const int32_t iy = oy * p.stride_h - p.pad_top;
  const int32_t ix = ox * p.stride_w - p.pad_left;
  const Taps taps = taps_inside(iy, p.KH, p.dilation_h, p.IH);
  const int32_t columns = (count - 1) * p.stride_w + (p.KW - 1) * p.dilation_w + 1;
  for (int32_t i = 0; i < columns; ++i) strip[i] = column_maximum(p, taps, iy, ix + i, c);
  float* y = p.y + (ptrdiff_t{oy} * p.OW + ox) * p.y_pixel_stride + c;
  for (int32_t i = 0; i < count; ++i, y += p.y_pixel_stride) {
    const Lanes* first = strip + ptrdiff_t{i} * p.stride_w;
    Lanes largest = *first;
    for (int32_t kx = 1; kx < p.KW; ++kx) {
      largest = maximum(largest, first[ptrdiff_t{kx} * p.dilation_w]);
    }
    store_channels(y, largest, p.C - c);
  }
}

// One output without the strip: for windows wider than it.
void pool_max_window(const PoolParams& p, int32_t oy, int32_t ox, int32_t c) {
  const int32_t iy = oy * p.stride_h - p.pad_top;
  const int32_t ix = ox * p.stride_w - p.pad_left;
  const Taps rows = taps_inside(iy, p.KH, p.dilation_h, p.IH);
  Lanes largest = fill(-__builtin_inff());
  for (int32_t kx = 0; kx < p.KW; ++kx) {
    largest = maximum(largest, column_maximum(p, rows, iy, ix + kx * p.dilation_w, c));
  }
  store_channels(p.y + (ptrdiff_t{oy} * p.OW + ox) * p.y_pixel_stride + c, largest, p.C - c);
}

void pool_average_window(const PoolParams& p, int32_t oy, int32_t ox, int32_t c) {
  const int32_t iy = oy * p.stride_h - p.pad_top;
  const int32_t ix = ox * p.stride_w - p.pad_left;
  const Taps rows = taps_inside(iy, p.KH, p.dilation_h, p.IH);
  const Taps columns = taps_inside(ix, p.KW, p.dilation_w, p.IW);
  DoubleLanes sum = zero_doubles();
  for (int32_t ky = rows.begin; ky < rows.end; ++ky) {
    for (int32_t kx = columns.begin; kx < columns.end; ++kx) {
      const float* x = pool_pixel(p, iy + ky * p.dilation_h, ix + kx * p.dilation_w, c);
      sum = add(sum, load_channels(x, p.C - c));
    }
  }
  const int32_t inside = (rows.end - rows.begin) * (columns.end - columns.begin);
  const int32_t divisor = p.count_padding ? p.KH * p.KW : (inside > 0 ? inside : 1);
  store_channels(p.y + (ptrdiff_t{oy} * p.OW + ox) * p.y_pixel_stride + c, divide(sum, divisor),
                 p.C - c);
}

void pool_row(const PoolParams& p, int32_t oy) {
  const int32_t spare = kStripColumns - 1 - (p.KW - 1) * p.dilation_w;
  const int32_t outputs = spare < 0 ? 0 : spare / p.stride_w + 1;  // of one strip
  for (int32_t c = 0; c < p.C; c += kLanes) {
    if (p.kind == PoolKind::kMax && outputs > 0) {
      for (int32_t ox = 0; ox < p.OW; ox += outputs) {
        pool_max_strip(p, oy, ox, p.OW - ox < outputs ? p.OW - ox : outputs, c);
      }
      continue;
    }
    for (int32_t ox = 0; ox < p.OW; ++ox) {
      if (p.kind == PoolKind::kMax) {
        pool_max_window(p, oy, ox, c);
      } else {
        pool_average_window(p, oy, ox, c);
      }
    }
  }
}

void pool_rows(const PoolParams& p, int32_t part, int32_t parts) {
  const auto row_begin = static_cast<int32_t>(int64_t{p.OH} * part / parts);
  const auto row_end = static_cast<int32_t>(int64_t{p.OH} * (part + 1) / parts);
  for (int32_t oy = row_begin; oy < row_end; ++oy) pool_row(p, oy);
}

}  // namespace
}  // namespace pawl::kernels::cpu
