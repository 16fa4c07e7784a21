// Winograd's transforms in integers; include after the definition of
//   Integers                  a vector of kShorts 16-bit integers or kLanes 32-bit ones
//   load_pixels, load_first_pixels   kShorts bytes, or the first n, widened
//   fill16, add16, subtract16, double16, quadruple16     which wrap around, as the next
//   load32, store_words, add32, subtract32, double32, quadruple32, multiply32, shift_right32
//   broadcast_word, add_products    sum32 + the two products of each pair of 16-bit integers
// Formulas: winograd_integers.h.
#pragma once

#include "kernels/cpu/winograd/integers.h"
#include "kernels/cpu/winograd/points.h"
#include "kernels/cpu/winograd_u8/tiles.h"

namespace pawl::kernels::cpu {
namespace {

// The window of 6 at the points 0, 1, -1, 2, -2, infinity: 17 operations.
[[gnu::always_inline]] inline void transform_six(const Integers (&d)[6], Integers (&at_point)[6]) {
  const Integers even = subtract16(d[4], d[2]);
  const Integers odd = subtract16(d[3], d[1]);
  const Integers even_1 = subtract16(d[4], quadruple16(d[2]));
  const Integers odd_1 = subtract16(d[3], quadruple16(d[1]));
  const Integers odd_2 = double16(odd);
  at_point[0] = add16(quadruple16(subtract16(d[0], d[2])), even);
  at_point[1] = add16(even_1, odd_1);
  at_point[2] = subtract16(even_1, odd_1);
  at_point[3] = add16(even, odd_2);
  at_point[4] = subtract16(even, odd_2);
  at_point[5] = subtract16(subtract16(d[5], d[3]), double16(odd_2));
}

// Channels [channel, channel + kShorts) of a window. kWhole: inside the image and full vectors.
template <bool kWhole>
void transform_window_lanes(const WindowTransformU8& w, int32_t channel) {
  const Integers zero = fill16(static_cast<int16_t>(w.zero));
  const auto pixel = [&](int32_t i, int32_t j) __attribute__((always_inline)) {
    const int32_t iy = w.place.top + i;
    const int32_t ix = w.place.left + j;
    const uint8_t* x = w.x + channel;
    if constexpr (kWhole) {
      return subtract16(load_pixels(x + iy * w.row_stride + ix * w.pixel_stride), zero);
    } else {
      if (iy < 0 || iy >= w.IH || ix < 0 || ix >= w.IW) return fill16(0);
      const int32_t left = w.channels - channel;
      x += iy * w.row_stride + ix * w.pixel_stride;
      return subtract16(left < kShorts ? load_first_pixels(x, left) : load_pixels(x), zero);
    }
  };
  Integers columns[kWinogradWindow][kWinogradWindow];  // transformed along y
#pragma GCC unroll 6
  for (int32_t j = 0; j < kWinogradWindow; ++j) {
    Integers d[kWinogradWindow];
#pragma GCC unroll 6
    for (int32_t i = 0; i < kWinogradWindow; ++i) d[i] = pixel(i, j);
    Integers at_point[kWinogradWindow];
    transform_six(d, at_point);
#pragma GCC unroll 6
    for (int32_t i = 0; i < kWinogradWindow; ++i) columns[i][j] = at_point[i];
  }
  const int32_t word = channel / 2;
  int32_t* to = w.place.to + word / kPanelChannels * w.place.chunk_words + word % kPanelChannels;
#pragma GCC unroll 6
  for (int32_t i = 0; i < kWinogradWindow; ++i) {
    Integers at_point[kWinogradWindow];
    transform_six(columns[i], at_point);
#pragma GCC unroll 6
    for (int32_t j = 0; j < kWinogradWindow; ++j) {
      store_words(to, at_point[j]);
      to += w.place.plane_words;
    }
  }
}

void transform_window(const WindowTransformU8& w) {
  const bool inside = w.place.top >= 0 && w.place.top + kWinogradWindow <= w.IH &&
                      w.place.left >= 0 && w.place.left + kWinogradWindow <= w.IW;
  int32_t channel = 0;
  if (inside) {
    for (; channel + kShorts <= w.channels; channel += kShorts) {
      transform_window_lanes<true>(w, channel);
    }
  }
  for (; channel < w.channels; channel += kShorts) transform_window_lanes<false>(w, channel);
}

// The products at 6 points as 4 outputs, times kScale: 13 operations.
[[gnu::always_inline]] inline void transform_four(const Integers (&m)[6], Integers (&y)[4]) {
  const Integers even_1 = add32(m[1], m[2]);
  const Integers odd_1 = subtract32(m[1], m[2]);
  const Integers even_2 = add32(m[3], m[4]);
  const Integers odd_2 = subtract32(m[3], m[4]);
  y[0] = add32(add32(m[0], quadruple32(even_1)), even_2);
  y[1] = add32(double32(odd_1), odd_2);
  y[2] = add32(even_1, even_2);
  y[3] = add32(add32(odd_1, double32(odd_2)), m[5]);
}

void transform_output_lanes(const OutputTransformU8& o, const int32_t* product, Integers bias,
                            int32_t* to) {
  Integers columns[kWinogradTile][kWinogradWindow];  // transformed along y
#pragma GCC unroll 6
  for (int32_t j = 0; j < kWinogradWindow; ++j) {
    Integers m[kWinogradWindow];
#pragma GCC unroll 6
    for (int32_t i = 0; i < kWinogradWindow; ++i) {
      m[i] = load32(product + (i * kWinogradWindow + j) * o.plane_words);
    }
    Integers y[kWinogradTile];
    transform_four(m, y);
#pragma GCC unroll 4
    for (int32_t i = 0; i < kWinogradTile; ++i) columns[i][j] = y[i];
  }
#pragma GCC unroll 4
  for (int32_t i = 0; i < kWinogradTile; ++i) {
    Integers y[kWinogradTile];
    transform_four(columns[i], y);
#pragma GCC unroll 4
    for (int32_t j = 0; j < kWinogradTile; ++j) {
      const Integers sum = shift_right32(multiply32(y[j], kInverseOfNine), kShift[i] + kShift[j]);
      store_words(to + i * o.row_words + j * kPanelChannels, add32(sum, bias));
    }
  }
}

void transform_output(const OutputTransformU8& o) {
  for (int32_t c = 0; c < kPanelChannels; c += kLanes) {
    const Integers bias = load32(o.bias + c);
    for (int32_t tile = 0; tile < o.tiles; ++tile) {
      transform_output_lanes(o, o.product + tile * kPanelChannels + c, bias,
                             o.to + tile * kWinogradTile * kPanelChannels + c);
    }
  }
}

using Word = int32_t;
using Vector = Integers;
[[gnu::always_inline]] inline Vector zero_sums() {
  return fill16(0);
}
[[gnu::always_inline]] inline Vector load_words(const Word* x) {
  return load32(x);
}

}  // namespace
}  // namespace pawl::kernels::cpu

#include "kernels/cpu/winograd/products.h"
#include "kernels/panel.h"
