// Pixelwise u8 operations over vectors of bytes. Include after the vectors it is written in:
//   kByteLanes, Bytes, load(x), store(y, v), load_first(x, n), store_first(y, v, n) with
//   0 < n < kByteLanes, maximum(a, b), zero_bytes();
//   quantize_lanes(x, quantizer) from kByteLanes floats, dequantize_lanes(x, y, quantization) of
//   kByteLanes bytes, and the Quantizer they share;
//   Block of 16 bytes, load_block(x), store_block(y, v), either(a, b) by bits, and
//   chosen(v, order): byte order[i] of v, or 0 where order[i] is kNowhere.
#pragma once

#include <cstddef>

#include "kernels/cpu/pixelwise_u8/entries.h"

namespace pawl::kernels::cpu {
namespace {

void quantize_span(const float* x, uint8_t* y, int64_t n, const Quantizer& quantizer) {
  int64_t i = 0;
  for (; i + kByteLanes <= n; i += kByteLanes) store(y + i, quantize_lanes(x + i, quantizer));
  const auto rest = static_cast<int32_t>(n - i);
  if (rest == 0) return;
  alignas(64) float all[kByteLanes] = {};
  for (int32_t j = 0; j < rest; ++j) all[j] = x[i + j];
  store_first(y + i, quantize_lanes(all, quantizer), rest);
}

void dequantize_span(const uint8_t* x, float* y, int64_t n, const Quantization& quantization) {
  int64_t i = 0;
  for (; i + kByteLanes <= n; i += kByteLanes) dequantize_lanes(x + i, y + i, quantization);
  const auto rest = static_cast<int32_t>(n - i);
  if (rest == 0) return;
  alignas(64) uint8_t from[kByteLanes];
  alignas(64) float all[kByteLanes];
  store(from, load_first(x + i, rest));
  dequantize_lanes(from, all, quantization);
  for (int32_t j = 0; j < rest; ++j) y[i + j] = all[j];
}

// The last vector of a long span overlaps the one before it.
void copy_span(const uint8_t* x, uint8_t* y, int64_t n) {
  if (n < kByteLanes) {
    const auto count = static_cast<int32_t>(n);
    if (count > 0) store_first(y, load_first(x, count), count);
    return;
  }
  int64_t i = 0;
  for (; i + 2 * kByteLanes <= n; i += 2 * kByteLanes) {
    const Bytes first = load(x + i);
    const Bytes second = load(x + i + kByteLanes);
    store(y + i, first);
    store(y + i + kByteLanes, second);
  }
  if (i + kByteLanes <= n) store(y + i, load(x + i));
  store(y + n - kByteLanes, load(x + n - kByteLanes));
}

// Dense views are one long pixel.
void quantize_pixels(const QuantizeParams& p, int32_t part, int32_t parts) {
  const int64_t begin = p.P * part / parts;
  const int64_t count = p.P * (part + 1) / parts - begin;
  const Quantizer quantizer(p.inverse_scale, p.zero);
  const float* x = p.x + begin * p.x_pixel_stride;
  uint8_t* y = p.y + begin * p.y_pixel_stride;
  if (p.x_pixel_stride == p.C && p.y_pixel_stride == p.C) {
    quantize_span(x, y, count * p.C, quantizer);
    return;
  }
  for (int64_t i = 0; i < count; ++i) {
    quantize_span(x + i * p.x_pixel_stride, y + i * p.y_pixel_stride, p.C, quantizer);
  }
}

void dequantize_pixels(const DequantizeParams& p, int32_t part, int32_t parts) {
  const int64_t begin = p.P * part / parts;
  const int64_t count = p.P * (part + 1) / parts - begin;
  const uint8_t* x = p.x + begin * p.x_pixel_stride;
  float* y = p.y + begin * p.y_pixel_stride;
  if (p.x_pixel_stride == p.C && p.y_pixel_stride == p.C) {
    dequantize_span(x, y, count * p.C, p.quantization);
    return;
  }
  for (int64_t i = 0; i < count; ++i) {
    dequantize_span(x + i * p.x_pixel_stride, y + i * p.y_pixel_stride, p.C, p.quantization);
  }
}

// Gathers 16 channels at a time from windows of 16 bytes, of which a shuffle of two channel groups
// needs two: it makes runs of both meet.
constexpr int32_t kBlockBytes = 16;
constexpr uint8_t kNowhere = 0x80;
constexpr int64_t kGatherPixels = 512;  // that stay near while block after block reads them

struct Window {
  alignas(kBlockBytes) uint8_t order[kBlockBytes];
  int32_t first;  // channel of x
};

// The windows that hold channels index[0, count) of x, count <= 16; returns how many.
int32_t find_windows(const int32_t* index, int32_t count, Window* windows) {
  bool found[kBlockBytes] = {};
  for (int32_t n = 0;; ++n) {
    int32_t first = INT32_MAX;
    for (int32_t i = 0; i < count; ++i) {
      if (!found[i] && index[i] < first) first = index[i];
    }
    if (first == INT32_MAX) return n;
    windows[n].first = first;
    for (int32_t i = 0; i < kBlockBytes; ++i) {
      const bool here = i < count && !found[i] && index[i] - first < kBlockBytes;
      windows[n].order[i] = here ? static_cast<uint8_t>(index[i] - first) : kNowhere;
      if (here) found[i] = true;
    }
  }
}

Block gathered(const uint8_t* x, const Window& window) {
  return chosen(load_block(x + window.first), load_block(window.order));
}

// Channels [c, c + count) of `pixels` pixels, count <= 16.
void gather_block(const CopyU8Params& p, const uint8_t* x, uint8_t* y, int64_t pixels, int32_t c,
                  int32_t count) {
  Window windows[kBlockBytes];
  const int32_t needed = find_windows(p.index + c, count, windows);
  for (int64_t i = 0; i < pixels; ++i, x += p.x_pixel_stride, y += p.y_pixel_stride) {
    Block block = gathered(x, windows[0]);
    for (int32_t w = 1; w < needed; ++w) block = either(block, gathered(x, windows[w]));
    if (count == kBlockBytes) {
      store_block(y + c, block);
      continue;
    }
    alignas(kBlockBytes) uint8_t all[kBlockBytes];
    store_block(all, block);
    __builtin_memcpy(y + c, all, static_cast<size_t>(count));
  }
}

void gather_pixels(const CopyU8Params& p, const uint8_t* x, uint8_t* y, int64_t count) {
  for (int64_t first = 0; first < count; first += kGatherPixels) {
    const int64_t pixels = count - first < kGatherPixels ? count - first : kGatherPixels;
    for (int32_t c = 0; c < p.C; c += kBlockBytes) {
      gather_block(p, x + first * p.x_pixel_stride, y + first * p.y_pixel_stride, pixels, c,
                   p.C - c < kBlockBytes ? p.C - c : kBlockBytes);
    }
  }
}

void copy_pixels(const CopyU8Params& p, int32_t part, int32_t parts) {
  const int64_t begin = p.P * part / parts;
  const int64_t count = p.P * (part + 1) / parts - begin;
  const uint8_t* x = p.x + begin * p.x_pixel_stride;
  uint8_t* y = p.y + begin * p.y_pixel_stride;
  if (p.index != nullptr) {
    gather_pixels(p, x, y, count);
    return;
  }
  if (p.x_pixel_stride == p.C && p.y_pixel_stride == p.C) {
    copy_span(x, y, count * p.C);
    return;
  }
  for (int64_t i = 0; i < count; ++i, x += p.x_pixel_stride, y += p.y_pixel_stride) {
    copy_span(x, y, p.C);
  }
}

void nearest_rows(const NearestU8Params& p, int32_t part, int32_t parts) {
  const auto row_end = static_cast<int32_t>(int64_t{p.OH} * (part + 1) / parts);
  for (auto oy = static_cast<int32_t>(int64_t{p.OH} * part / parts); oy < row_end; ++oy) {
    const uint8_t* row = p.x + ptrdiff_t{p.row[oy]} * p.IW * p.x_pixel_stride;
    uint8_t* y = p.y + ptrdiff_t{oy} * p.OW * p.y_pixel_stride;
    for (int32_t ox = 0; ox < p.OW; ++ox, y += p.y_pixel_stride) {
      copy_span(row + ptrdiff_t{p.col[ox]} * p.x_pixel_stride, y, p.C);
    }
  }
}

// Max pooling is separable, as in pool/lanes.h: a strip of columns is reduced over the rows of the
// window, and each output over the columns of that strip.
constexpr int32_t kStripColumns = 64;  // of x

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

// The largest of one column's taps in the rows `taps`, channels c...; 0 outside the image.
Bytes column_maximum(const MaxPoolU8Params& p, Taps taps, int32_t iy, int32_t ix, int32_t c) {
  Bytes largest = zero_bytes();
  if (ix < 0 || ix >= p.IW) return largest;
  const int32_t n = p.C - c;
  const ptrdiff_t row = ptrdiff_t{p.dilation_h} * p.IW * p.x_pixel_stride;
  for (int32_t ky = taps.begin; ky < taps.end; ++ky) {
    const ptrdiff_t pixel = ptrdiff_t{iy} * p.IW + ix;
    const uint8_t* x = p.x + pixel * p.x_pixel_stride + ky * row + c;
    largest = maximum(largest, n >= kByteLanes ? load(x) : load_first(x, n));
  }
  return largest;
}

void store_channels(const MaxPoolU8Params& p, int32_t oy, int32_t ox, int32_t c, Bytes v) {
  uint8_t* y = p.y + (ptrdiff_t{oy} * p.OW + ox) * p.y_pixel_stride + c;
  if (p.C - c >= kByteLanes) {
    store(y, v);
  } else {
    store_first(y, v, p.C - c);
  }
}

// Outputs [ox, ox + count) of row oy, channels c...; the columns they read fit the strip.
void max_pool_strip(const MaxPoolU8Params& p, int32_t oy, int32_t ox, int32_t count, int32_t c) {
  Bytes strip[kStripColumns];
  const int32_t iy = oy * p.stride_h - p.pad_top;
  const int32_t ix = ox * p.stride_w - p.pad_left;
  const Taps taps = taps_inside(iy, p.KH, p.dilation_h, p.IH);
  const int32_t columns = (count - 1) * p.stride_w + (p.KW - 1) * p.dilation_w + 1;
  for (int32_t i = 0; i < columns; ++i) strip[i] = column_maximum(p, taps, iy, ix + i, c);
  for (int32_t i = 0; i < count; ++i) {
    const Bytes* first = strip + ptrdiff_t{i} * p.stride_w;
    Bytes largest = *first;
    for (int32_t kx = 1; kx < p.KW; ++kx) {
      largest = maximum(largest, first[ptrdiff_t{kx} * p.dilation_w]);
    }
    store_channels(p, oy, ox + i, c, largest);
  }
}

// One output without the strip: for windows wider than it.
void max_pool_window(const MaxPoolU8Params& p, int32_t oy, int32_t ox, int32_t c) {
  const int32_t iy = oy * p.stride_h - p.pad_top;
  const int32_t ix = ox * p.stride_w - p.pad_left;
  const Taps rows = taps_inside(iy, p.KH, p.dilation_h, p.IH);
  Bytes largest = zero_bytes();
  for (int32_t kx = 0; kx < p.KW; ++kx) {
    largest = maximum(largest, column_maximum(p, rows, iy, ix + kx * p.dilation_w, c));
  }
  store_channels(p, oy, ox, c, largest);
}

void max_pool_rows(const MaxPoolU8Params& p, int32_t part, int32_t parts) {
  const int32_t spare = kStripColumns - 1 - (p.KW - 1) * p.dilation_w;
  const int32_t outputs = spare < 0 ? 0 : spare / p.stride_w + 1;  // of one strip
  const auto row_end = static_cast<int32_t>(int64_t{p.OH} * (part + 1) / parts);
  for (auto oy = static_cast<int32_t>(int64_t{p.OH} * part / parts); oy < row_end; ++oy) {
    for (int32_t c = 0; c < p.C; c += kByteLanes) {
      for (int32_t ox = 0; ox<p.OW; ox += outputs> 0 ? outputs : 1) {
        if (outputs > 0) {
          max_pool_strip(p, oy, ox, p.OW - ox < outputs ? p.OW - ox : outputs, c);
        } else {
          max_pool_window(p, oy, ox, c);
        }
      }
    }
  }
}

}  // namespace
}  // namespace pawl::kernels::cpu
