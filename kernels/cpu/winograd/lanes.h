// Winograd's transforms on Lanes, a vector of channels; include after the definition of Lanes and
// of load, load_first, store, fill, add, subtract, multiply_add. Formulas: points.h.
#pragma once

#include "kernels/cpu/winograd/points.h"
#include "kernels/cpu/winograd/tiles.h"

namespace pawl::kernels::cpu {
namespace {

// The window of 6 at the points 0, A, -A, B, -B, infinity: 12 operations.
[[gnu::always_inline]] inline void transform_six(const Lanes (&d)[6], Lanes (&at_point)[6]) {
  const Lanes product2 = fill(kPointProduct2);
  const Lanes minus_sum2 = fill(-kPointSum2);
  at_point[0] = multiply_add(product2, d[0], multiply_add(minus_sum2, d[2], d[4]));
  const Lanes even_a = multiply_add(fill(-kPointB2), d[2], d[4]);
  const Lanes odd_a = multiply_add(fill(-kPointB2), d[1], d[3]);
  at_point[1] = multiply_add(fill(kPointA), odd_a, even_a);
  at_point[2] = multiply_add(fill(-kPointA), odd_a, even_a);
  const Lanes even_b = multiply_add(fill(-kPointA2), d[2], d[4]);
  const Lanes odd_b = multiply_add(fill(-kPointA2), d[1], d[3]);
  at_point[3] = multiply_add(fill(kPointB), odd_b, even_b);
  at_point[4] = multiply_add(fill(-kPointB), odd_b, even_b);
  at_point[5] = multiply_add(product2, d[1], multiply_add(minus_sum2, d[3], d[5]));
}

// Channels [channel, channel + kLanes) of a window. kWhole: inside the image and full lanes.
template <bool kWhole>
void transform_window_lanes(const WindowTransform& w, int32_t channel) {
  const auto pixel = [&](int32_t i, int32_t j) __attribute__((always_inline)) {
    const int32_t iy = w.place.top + i;
    const int32_t ix = w.place.left + j;
    const float* x = w.x + channel;
    if constexpr (kWhole) {
      return load(x + iy * w.row_stride + ix * w.pixel_stride);
    } else {
      if (iy < 0 || iy >= w.IH || ix < 0 || ix >= w.IW) return fill(0.0F);
      const int32_t left = w.channels - channel;
      return load_first(x + iy * w.row_stride + ix * w.pixel_stride, left < kLanes ? left : kLanes);
    }
  };
  Lanes columns[kWinogradWindow][kWinogradWindow];  // transformed along y
#pragma GCC unroll 6
  for (int32_t j = 0; j < kWinogradWindow; ++j) {
    Lanes d[kWinogradWindow];
#pragma GCC unroll 6
    for (int32_t i = 0; i < kWinogradWindow; ++i) d[i] = pixel(i, j);
    Lanes at_point[kWinogradWindow];
    transform_six(d, at_point);
#pragma GCC unroll 6
    for (int32_t i = 0; i < kWinogradWindow; ++i) columns[i][j] = at_point[i];
  }
  float* to =
      w.place.to + channel / kPanelChannels * w.place.chunk_words + channel % kPanelChannels;
#pragma GCC unroll 6
  for (int32_t i = 0; i < kWinogradWindow; ++i) {
    Lanes at_point[kWinogradWindow];
    transform_six(columns[i], at_point);
#pragma GCC unroll 6
    for (int32_t j = 0; j < kWinogradWindow; ++j) {
      store(to, at_point[j]);
      to += w.place.plane_words;
    }
  }
}

void transform_window(const WindowTransform& w) {
  const bool inside = w.place.top >= 0 && w.place.top + kWinogradWindow <= w.IH &&
                      w.place.left >= 0 && w.place.left + kWinogradWindow <= w.IW;
  int32_t channel = 0;
  if (inside) {
    for (; channel + kLanes <= w.channels; channel += kLanes) {
      transform_window_lanes<true>(w, channel);
    }
  }
  for (; channel < w.channels; channel += kLanes) transform_window_lanes<false>(w, channel);
}

// The products at 6 points as 4 outputs, + bias: 12 operations, 14 with a bias.
template <bool kBias>
[[gnu::always_inline]] inline void transform_four(const Lanes (&m)[6], Lanes bias, Lanes (&y)[4]) {
  const Lanes even_a = add(m[1], m[2]);
  const Lanes odd_a = subtract(m[1], m[2]);
  const Lanes even_b = add(m[3], m[4]);
  const Lanes odd_b = subtract(m[3], m[4]);
  const auto of_b = [&](float factor, Lanes x) __attribute__((always_inline)) {
    return kBias ? multiply_add(fill(factor), x, bias) : multiply(fill(factor), x);
  };
  y[0] = add(add(kBias ? add(m[0], bias) : m[0], even_a), even_b);
  y[1] = multiply_add(fill(kPointA), odd_a, of_b(kPointB, odd_b));
  y[2] = multiply_add(fill(kPointA2), even_a, of_b(kPointB2, even_b));
  const Lanes last = kBias ? add(m[5], bias) : m[5];
  y[3] = multiply_add(fill(kPointA3), odd_a, multiply_add(fill(kPointB3), odd_b, last));
}

void transform_output_lanes(const OutputTransform& o, const float* product, Lanes bias, float* to) {
  Lanes columns[kWinogradTile][kWinogradWindow];  // transformed along y
#pragma GCC unroll 6
  for (int32_t j = 0; j < kWinogradWindow; ++j) {
    Lanes m[kWinogradWindow];
#pragma GCC unroll 6
    for (int32_t i = 0; i < kWinogradWindow; ++i) {
      m[i] = load(product + (i * kWinogradWindow + j) * o.plane_floats);
    }
    Lanes y[kWinogradTile];
    transform_four<false>(m, bias, y);
#pragma GCC unroll 4
    for (int32_t i = 0; i < kWinogradTile; ++i) columns[i][j] = y[i];
  }
#pragma GCC unroll 4
  for (int32_t i = 0; i < kWinogradTile; ++i) {
    Lanes y[kWinogradTile];
    transform_four<true>(columns[i], bias, y);
#pragma GCC unroll 4
    for (int32_t j = 0; j < kWinogradTile; ++j) {
      store(to + i * o.row_floats + j * kPanelChannels, y[j]);
    }
  }
}

void transform_output(const OutputTransform& o) {
  for (int32_t c = 0; c < kPanelChannels; c += kLanes) {
    const Lanes bias = load(o.bias + c);
    for (int32_t tile = 0; tile < o.tiles; ++tile) {
      transform_output_lanes(o, o.product + tile * kPanelChannels + c, bias,
                             o.to + tile * kWinogradTile * kPanelChannels + c);
    }
  }
}

using Word = float;
using Vector = Lanes;
[[gnu::always_inline]] inline Vector zero_sums() {
  return fill(0.0F);
}
[[gnu::always_inline]] inline Vector load_words(const Word* x) {
  return load(x);
}
[[gnu::always_inline]] inline void store_words(Word* y, Vector v) {
  store(y, v);
}
[[gnu::always_inline]] inline Vector broadcast_word(const Word* x) {
  return fill(*x);
}
[[gnu::always_inline]] inline Vector add_products(Vector sum, Vector x, Vector w) {
  return multiply_add(x, w, sum);
}

}  // namespace
}  // namespace pawl::kernels::cpu

#include "kernels/cpu/winograd/products.h"
#include "kernels/panel.h"
