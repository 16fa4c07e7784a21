// Depthwise convolution, Advanced SIMD: 4 channels of P pixels at once, P accumulators.
#include "kernels/cpu/depthwise/entries.h"
#include "kernels/cpu/depthwise/tiles.h"
#include "kernels/cpu/vec/tile_store_neon.h"

namespace pawl::kernels::cpu {
namespace {

// kAll: every lane exists, else the first n.
template <bool kAll>
[[gnu::always_inline]] inline Lanes load_lanes(const float* x, int32_t n) {
  return kAll ? load(x) : load_first(x, n);
}

// One row of taps. kColumns: their number, 0: known only at run time.
template <int32_t P, int32_t kColumns, bool kAll>
[[gnu::always_inline]] inline void sum_row(const DepthwiseSum& s, const float* x,
                                           const float* weight, int32_t n, Lanes (&sum)[P]) {
  const int32_t columns = kColumns > 0 ? kColumns : s.columns;
#pragma GCC unroll 5
  for (int32_t column = 0; column < columns; ++column) {
    const Lanes w = load_lanes<kAll>(weight, n);
#pragma GCC unroll 8
    for (int32_t i = 0; i < P; ++i) {
      sum[i] = multiply_add(load_lanes<kAll>(x + i * s.pixel_step, n), w, sum[i]);
    }
    x += s.x_tap_step;
    weight += s.weight_tap_step;
  }
}

// The same where the next tap of a pixel is the first of its neighbour: each is loaded once, 10
// vectors instead of 24 for 8 pixels and 3 taps.
template <int32_t P, int32_t kColumns, bool kAll>
[[gnu::always_inline]] inline void sum_sliding_row(const DepthwiseSum& s, const float* x,
                                                   const float* weight, int32_t n,
                                                   Lanes (&sum)[P]) {
  Lanes pixel[P + kColumns - 1];
#pragma GCC unroll 12
  for (int32_t i = 0; i < P + kColumns - 1; ++i) {
    pixel[i] = load_lanes<kAll>(x + i * s.pixel_step, n);
  }
#pragma GCC unroll 5
  for (int32_t column = 0; column < kColumns; ++column) {
    const Lanes w = load_lanes<kAll>(weight + column * s.weight_tap_step, n);
#pragma GCC unroll 8
    for (int32_t i = 0; i < P; ++i) sum[i] = multiply_add(pixel[i + column], w, sum[i]);
  }
}

template <int32_t P, int32_t kColumns, bool kSliding, bool kAll>
void sum_lanes(const DepthwiseSum& s, int32_t c, int32_t n) {
  Lanes sum[P];
  sum[0] = load_lanes<kAll>(s.bias + c, n);
#pragma GCC unroll 8
  for (int32_t i = 1; i < P; ++i) sum[i] = sum[0];
  const float* x = s.x + c;
  const float* weight = s.weight + c;
  for (int32_t row = 0; row < s.rows; ++row, x += s.x_row_step, weight += s.weight_row_step) {
    if constexpr (kSliding) {
      sum_sliding_row<P, kColumns, kAll>(s, x, weight, n, sum);
    } else {
      sum_row<P, kColumns, kAll>(s, x, weight, n, sum);
    }
  }
#pragma GCC unroll 8
  for (int32_t i = 0; i < P; ++i) store(s.tile + i * kDepthwiseChannels + c, sum[i]);
}

template <int32_t P, int32_t kColumns, bool kSliding>
void sum_columns(const DepthwiseSum& s) {
  int32_t c = 0;
  for (; c + kLanes <= s.channels; c += kLanes) {
    sum_lanes<P, kColumns, kSliding, true>(s, c, kLanes);
  }
  if (c < s.channels) sum_lanes<P, 0, false, false>(s, c, s.channels - c);
}

template <int32_t P>
void sum_pixels(const DepthwiseSum& s) {
  const bool sliding = P > 1 && s.pixel_step == s.x_tap_step;
  if (s.columns == 3) {
    sliding ? sum_columns<P, 3, true>(s) : sum_columns<P, 3, false>(s);
  } else if (s.columns == 5) {
    sliding ? sum_columns<P, 5, true>(s) : sum_columns<P, 5, false>(s);
  } else {
    sum_columns<P, 0, false>(s);
  }
}

constexpr DepthwiseMicrokernels kMicrokernels{.sum_8 = sum_pixels<8>,
                                              .sum_4 = sum_pixels<4>,
                                              .sum_2 = sum_pixels<2>,
                                              .sum_1 = sum_pixels<1>,
                                              .store = kTileStores};

}  // namespace

void depthwise_neon(const DepthwiseParams& params, int32_t part, int32_t parts) {
  depthwise_tiled(params, part, parts, kMicrokernels);
}

}  // namespace pawl::kernels::cpu
