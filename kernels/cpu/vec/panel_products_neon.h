// The inner loop of dense and Winograd convolution for Advanced SIMD: P rows of x times columns of
// one panel of 16 output channels. Include only from neon.cpp, as activation_neon.h.
//
// Each product takes its factor from a lane of x: fmla by element, no broadcasts. 8 rows take the
// panel in two halves: 16 accumulators, 8 vectors of x and 2 of weights, 16 vectors loaded for 64
// multiply-adds. GCC 12 keeps them in registers; of 6 rows x 16 columns, 24 accumulators, it moves
// 28 to and from the stack a turn, and 5 x 16 reads the weights more often.
#pragma once

#include "kernels/cpu/vec/neon.h"
#include "kernels/panel.h"

namespace pawl::kernels::cpu {
namespace {

constexpr int32_t kPanelRowsMax = 8;

// Few rows take the whole panel, or their sums would wait for each other.
template <int32_t P>
constexpr int32_t kVectors = P <= 4 ? 4 : 2;
template <int32_t P>
constexpr int32_t kColumns = kVectors<P>* kLanes;

template <int32_t P, int32_t kLane>
[[gnu::always_inline]] inline void multiply_lane(const Lanes (&x)[P], const float* weight,
                                                 Lanes (&sum)[P][kVectors<P>]) {
#pragma GCC unroll 4
  for (int32_t v = 0; v < kVectors<P>; ++v) {
    const Lanes w = load(weight + v * kLanes);
#pragma GCC unroll 8
    for (int32_t i = 0; i < P; ++i) sum[i][v] = vfmaq_laneq_f32(sum[i][v], w, x[i], kLane);
  }
}

// sum[i][c] += sum over k < length, in order, of x[i][k] * weight[k*16 + c], i < P, c < kColumns.
template <int32_t P>
[[gnu::always_inline]] inline void multiply_rows(const float* (&x)[P], const float* weight,
                                                 ptrdiff_t length, Lanes (&sum)[P][kVectors<P>]) {
  Lanes row[P];
  for (; length >= kLanes; length -= kLanes, weight += kLanes * kPanelChannels) {
#pragma GCC unroll 8
    for (int32_t i = 0; i < P; ++i) {
      row[i] = load(x[i]);
      x[i] += kLanes;
    }
    multiply_lane<P, 0>(row, weight, sum);
    multiply_lane<P, 1>(row, weight + kPanelChannels, sum);
    multiply_lane<P, 2>(row, weight + 2 * kPanelChannels, sum);
    multiply_lane<P, 3>(row, weight + 3 * kPanelChannels, sum);
  }
  for (; length > 0; --length, weight += kPanelChannels) {
#pragma GCC unroll 8
    for (int32_t i = 0; i < P; ++i) row[i] = fill(*x[i]++);
    multiply_lane<P, 0>(row, weight, sum);
  }
}

}  // namespace
}  // namespace pawl::kernels::cpu
