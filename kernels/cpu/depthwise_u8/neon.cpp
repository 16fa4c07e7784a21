// Depthwise u8 convolution, Armv8.0 Advanced SIMD: both operands widened to 16 bits, which is
// exact, and multiplied and added 4 channels at a time (SMLAL). Three rows of the window make a
// pass: the sums of a 3x3 window go from the bias to the tile once, and none of its rows is idle.
#include <arm_neon.h>

#include "kernels/cpu/depthwise_u8/entries.h"
#include "kernels/cpu/vec/tile_store_u8_neon.h"

namespace pawl::kernels::cpu {
namespace {

constexpr int32_t kRowGroup = 3;

// Channels 0 to 7, and 8 to 15, of each row.
struct Interleaved {
  int16x8_t low[kRowGroup], high[kRowGroup];
};
struct Sums {
  int32x4_t quarter[4];
};

[[gnu::always_inline]] inline Interleaved interleave(const uint8_t* const (&rows)[kRowGroup],
                                                     const ptrdiff_t (&step)[kRowGroup],
                                                     ptrdiff_t times) {
  Interleaved result;
#pragma GCC unroll 3
  for (int32_t j = 0; j < kRowGroup; ++j) {
    const uint8x16_t row = vld1q_u8(rows[j] + step[j] * times);
    result.low[j] = vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(row)));
    result.high[j] = vreinterpretq_s16_u16(vmovl_high_u8(row));
  }
  return result;
}

[[gnu::always_inline]] inline Interleaved interleave(const int8_t* const (&rows)[kRowGroup],
                                                     const ptrdiff_t (&step)[kRowGroup],
                                                     ptrdiff_t times) {
  Interleaved result;
#pragma GCC unroll 3
  for (int32_t j = 0; j < kRowGroup; ++j) {
    const int8x16_t row = vld1q_s8(rows[j] + step[j] * times);
    result.low[j] = vmovl_s8(vget_low_s8(row));
    result.high[j] = vmovl_high_s8(row);
  }
  return result;
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
#pragma GCC unroll 3
  for (int32_t j = 0; j < kRowGroup; ++j) {
    const int16x8_t low = weights.low[j];
    const int16x8_t high = weights.high[j];
    sums.quarter[0] = vmlal_s16(sums.quarter[0], vget_low_s16(x.low[j]), vget_low_s16(low));
    sums.quarter[1] = vmlal_high_s16(sums.quarter[1], x.low[j], low);
    sums.quarter[2] = vmlal_s16(sums.quarter[2], vget_low_s16(x.high[j]), vget_low_s16(high));
    sums.quarter[3] = vmlal_high_s16(sums.quarter[3], x.high[j], high);
  }
}

const int32_t* start_of(const DepthwiseU8Params& p, int32_t c, int32_t*) {
  return p.bias + c;
}

}  // namespace
}  // namespace pawl::kernels::cpu

// After the vectors it is written in.
#include "kernels/cpu/depthwise_u8/lanes.h"

namespace pawl::kernels::cpu {

void depthwise_u8_neon(const DepthwiseU8Params& params, int32_t part, int32_t parts) {
  depthwise_u8_pixels(params, part, parts);
}

}  // namespace pawl::kernels::cpu
