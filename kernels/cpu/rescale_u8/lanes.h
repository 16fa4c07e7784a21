// The operations of rescale_u8.h on blocks of 16 channels. Include after the vectors they are
// written in:
//   Integers, Floats    of 16 elements
//   widen(bytes), fill_integers(n), plus(a, b), minus(a, b), times(a, b), to_floats(n)
//   fill_floats(x), multiply(x, y), multiply_add(x, y, z)
//   Rounder(zero)       and store_quantized(y, v, factor, rounder): 16 bytes, as quantize_scalar
#pragma once

#include <cstddef>

#include "kernels/cpu/rescale_u8/entries.h"

namespace pawl::kernels::cpu {
namespace {

constexpr int32_t kBlock = 16;

// One block: a and b are 16 bytes that may be read.
template <bool kMultiply>
void combine_block(const BinaryU8Params& p, const uint8_t* a, const uint8_t* b, uint8_t* y,
                   const Rounder& rounder) {
  const Integers left = minus(widen(a), fill_integers(p.a_zero));
  const Integers right = minus(widen(b), fill_integers(p.b_zero));
  if constexpr (kMultiply) {
    store_quantized(y, to_floats(times(left, right)), fill_floats(p.a_factor), rounder);
  } else {
    const Floats addend = multiply(to_floats(right), fill_floats(p.b_factor));
    const Floats sum = multiply_add(to_floats(left), fill_floats(p.a_factor), addend);
    store_quantized(y, sum, fill_floats(1.0F), rounder);
  }
}

template <bool kMultiply>
void combine_span(const BinaryU8Params& p, const uint8_t* a, const uint8_t* b, uint8_t* y,
                  int64_t n, const Rounder& rounder) {
  int64_t i = 0;
  for (; i + kBlock <= n; i += kBlock) combine_block<kMultiply>(p, a + i, b + i, y + i, rounder);
  if (i == n) return;
  const auto rest = static_cast<size_t>(n - i);
  uint8_t left[kBlock] = {};
  uint8_t right[kBlock] = {};
  uint8_t result[kBlock];
  __builtin_memcpy(left, a + i, rest);
  __builtin_memcpy(right, b + i, rest);
  combine_block<kMultiply>(p, left, right, result, rounder);
  __builtin_memcpy(y + i, result, rest);
}

// Dense views are one long pixel.
template <bool kMultiply>
void combine_pixels(const BinaryU8Params& p, int64_t begin, int64_t count) {
  const Rounder rounder(p.zero);
  const uint8_t* a = p.a + begin * p.a_pixel_stride;
  const uint8_t* b = p.b + begin * p.b_pixel_stride;
  uint8_t* y = p.y + begin * p.y_pixel_stride;
  if (p.a_pixel_stride == p.C && p.b_pixel_stride == p.C && p.y_pixel_stride == p.C) {
    combine_span<kMultiply>(p, a, b, y, count * p.C, rounder);
    return;
  }
  for (int64_t i = 0; i < count; ++i) {
    combine_span<kMultiply>(p, a, b, y, p.C, rounder);
    a += p.a_pixel_stride;
    b += p.b_pixel_stride;
    y += p.y_pixel_stride;
  }
}

void binary_pixels(const BinaryU8Params& p, int32_t part, int32_t parts) {
  const int64_t begin = p.P * part / parts;
  const int64_t count = p.P * (part + 1) / parts - begin;
  if (p.op == BinaryOp::kMul) {
    combine_pixels<true>(p, begin, count);
  } else {
    combine_pixels<false>(p, begin, count);
  }
}

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

// The taps of one output pixel.
struct PoolWindow {
  const uint8_t* x;  // of the first
  int32_t rows, columns;
  ptrdiff_t row_step, column_step;
};

Integers sum_of(const PoolWindow& w, int32_t c, int32_t channels) {
  Integers sum = fill_integers(0);
  const uint8_t* row = w.x + c;
  for (int32_t ky = 0; ky < w.rows; ++ky, row += w.row_step) {
    const uint8_t* x = row;
    for (int32_t kx = 0; kx < w.columns; ++kx, x += w.column_step) {
      if (channels >= kBlock) {
        sum = plus(sum, widen(x));
        continue;
      }
      uint8_t first[kBlock] = {};
      __builtin_memcpy(first, x, static_cast<size_t>(channels));
      sum = plus(sum, widen(first));
    }
  }
  return sum;
}

void average_pixel(const AveragePoolU8Params& p, int32_t oy, int32_t ox, Taps rows,
                   const Rounder& rounder) {
  const int32_t iy = oy * p.stride_h - p.pad_top;
  const int32_t ix = ox * p.stride_w - p.pad_left;
  const Taps columns = taps_inside(ix, p.KW, p.dilation_w, p.IW);
  const ptrdiff_t first = ptrdiff_t{iy + rows.begin * p.dilation_h} * p.IW + ix +
                          ptrdiff_t{columns.begin} * p.dilation_w;
  PoolWindow window{};
  window.rows = rows.end - rows.begin;
  window.columns = columns.end - columns.begin;
  window.row_step = ptrdiff_t{p.dilation_h} * p.IW * p.x_pixel_stride;
  window.column_step = ptrdiff_t{p.dilation_w} * p.x_pixel_stride;
  const int32_t inside = window.rows * window.columns;
  window.x = inside > 0 ? p.x + first * p.x_pixel_stride : p.x;
  const int32_t taps = p.count_padding ? p.KH * p.KW : inside;
  const Floats factor = fill_floats(p.factor / static_cast<float>(taps > 0 ? taps : 1));
  const Integers offset = fill_integers(inside * p.x_zero);
  uint8_t* y = p.y + (ptrdiff_t{oy} * p.OW + ox) * p.y_pixel_stride;
  for (int32_t c = 0; c < p.C; c += kBlock) {
    const int32_t channels = p.C - c;
    const Floats sum = to_floats(minus(sum_of(window, c, channels), offset));
    if (channels >= kBlock) {
      store_quantized(y + c, sum, factor, rounder);
      continue;
    }
    uint8_t result[kBlock];
    store_quantized(result, sum, factor, rounder);
    __builtin_memcpy(y + c, result, static_cast<size_t>(channels));
  }
}

void average_pool_rows(const AveragePoolU8Params& p, int32_t part, int32_t parts) {
  const Rounder rounder(p.zero);
  const auto row_end = static_cast<int32_t>(int64_t{p.OH} * (part + 1) / parts);
  for (auto oy = static_cast<int32_t>(int64_t{p.OH} * part / parts); oy < row_end; ++oy) {
    const Taps rows = taps_inside(oy * p.stride_h - p.pad_top, p.KH, p.dilation_h, p.IH);
    for (int32_t ox = 0; ox < p.OW; ++ox) average_pixel(p, oy, ox, rows, rounder);
  }
}

}  // namespace
}  // namespace pawl::kernels::cpu
