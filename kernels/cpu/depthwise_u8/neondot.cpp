// Depthwise u8 convolution, Armv8.2 dot products: four rows of the window to an SDOT of 4 channels.
// A 3x3 window takes 12 of them for 16 outputs and, at stride 1, one interleaving of 8
// instructions; with SMLAL it takes 36. Activations are taken less 128, as in
// conv_u8/signed_neon.h.
#include <arm_neon.h>

#include "kernels/cpu/conv_u8/signed_neon.h"
#include "kernels/cpu/depthwise_u8/entries.h"
#include "kernels/cpu/vec/tile_store_u8_neon.h"

namespace pawl::kernels::cpu {
namespace {

constexpr int32_t kRowGroup = 4;

// Of 4 channels each: the bytes of one channel side by side.
struct Interleaved {
  int8x16_t quarter[4];
};
struct Sums {
  int32x4_t quarter[4];
};

[[gnu::always_inline]] inline Interleaved interleave_rows(const int8x16_t (&rows)[kRowGroup]) {
  const int16x8_t ab_low = vreinterpretq_s16_s8(vzip1q_s8(rows[0], rows[1]));
  const int16x8_t ab_high = vreinterpretq_s16_s8(vzip2q_s8(rows[0], rows[1]));
  const int16x8_t cd_low = vreinterpretq_s16_s8(vzip1q_s8(rows[2], rows[3]));
  const int16x8_t cd_high = vreinterpretq_s16_s8(vzip2q_s8(rows[2], rows[3]));
  return {{vreinterpretq_s8_s16(vzip1q_s16(ab_low, cd_low)),
           vreinterpretq_s8_s16(vzip2q_s16(ab_low, cd_low)),
           vreinterpretq_s8_s16(vzip1q_s16(ab_high, cd_high)),
           vreinterpretq_s8_s16(vzip2q_s16(ab_high, cd_high))}};
}

[[gnu::always_inline]] inline Interleaved interleave(const uint8_t* const (&rows)[kRowGroup],
                                                     const ptrdiff_t (&step)[kRowGroup],
                                                     ptrdiff_t times) {
  int8x16_t row[kRowGroup];
#pragma GCC unroll 4
  for (int32_t j = 0; j < kRowGroup; ++j) row[j] = less_128(vld1q_u8(rows[j] + step[j] * times));
  return interleave_rows(row);
}

[[gnu::always_inline]] inline Interleaved interleave(const int8_t* const (&rows)[kRowGroup],
                                                     const ptrdiff_t (&step)[kRowGroup],
                                                     ptrdiff_t times) {
  int8x16_t row[kRowGroup];
#pragma GCC unroll 4
  for (int32_t j = 0; j < kRowGroup; ++j) row[j] = vld1q_s8(rows[j] + step[j] * times);
  return interleave_rows(row);
}

[[gnu::always_inline]] inline Sums load_sums(const int32_t* from) {
  return {{vld1q_s32(from), vld1q_s32(from + 4), vld1q_s32(from + 8), vld1q_s32(from + 12)}};
}
[[gnu::always_inline]] inline void store_sums(int32_t* to, const Sums& sums) {
#pragma GCC unroll 4
  for (int32_t q = 0; q < 4; ++q) vst1q_s32(to + q * kLanes, sums.quarter[q]);
}
[[gnu::always_inline]] inline void add_products(Sums& sums, const Interleaved& x,
                                                const Interleaved& weights) {
#pragma GCC unroll 4
  for (int32_t q = 0; q < 4; ++q) {
    sums.quarter[q] = vdotq_s32(sums.quarter[q], x.quarter[q], weights.quarter[q]);
  }
}

// The bias and 128 times the weights of the window.
const int32_t* start_of(const DepthwiseU8Params& p, int32_t c, int32_t* start) {
  const ptrdiff_t step = (ptrdiff_t{p.C} + kPanelChannels - 1) / kPanelChannels * kPanelChannels;
  const int8_t* weight = p.weight + c;
  Sums sums = load_sums(p.bias + c);
  for (int32_t tap = p.KH * p.KW; tap > 0; --tap, weight += step) {
    const int8x16_t w = vld1q_s8(weight);
    const int16x8_t low = vshll_n_s8(vget_low_s8(w), 7);
    const int16x8_t high = vshll_high_n_s8(w, 7);
    sums.quarter[0] = vaddw_s16(sums.quarter[0], vget_low_s16(low));
    sums.quarter[1] = vaddw_high_s16(sums.quarter[1], low);
    sums.quarter[2] = vaddw_s16(sums.quarter[2], vget_low_s16(high));
    sums.quarter[3] = vaddw_high_s16(sums.quarter[3], high);
  }
  store_sums(start, sums);
  return start;
}

}  // namespace
}  // namespace pawl::kernels::cpu

// After the vectors it is written in.
#include "kernels/cpu/depthwise_u8/lanes.h"
#include "kernels/panel.h"

namespace pawl::kernels::cpu {

void depthwise_u8_neondot(const DepthwiseU8Params& params, int32_t part, int32_t parts) {
  depthwise_u8_pixels(params, part, parts);
}

}  // namespace pawl::kernels::cpu
