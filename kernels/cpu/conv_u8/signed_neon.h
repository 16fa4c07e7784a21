// Activations as signed bytes, for instruction sets that only multiply bytes of one sign:
//   sum x*w = sum (x - 128)*w + 128 * sum w
// The products of the first sum are of signed bytes, and x - 128 is x with its top bit inverted.
// The second sum is the same for all pixels: it joins the bias. It is taken from the packed
// weights, so that the artifact stays the same for every instruction set, once for a group of
// panels and a block of pixels: two instructions for 16 weights, as much as half a pixel costs by
// SMULL and two pixels by SDOT. A sum beside every tile would cost a sixth of the tile.
//
// Padding needs nothing: its activations are the zero point and pass through the same sums. Neither
// do channels that only fill a group: their weights are zero. All sums wrap around at 32 bits, so
// only what they end with has to fit.
#pragma once

#include <arm_neon.h>

#include "kernels/cpu/conv_u8/tiles.h"

namespace pawl::kernels::cpu {
namespace {

[[maybe_unused, gnu::always_inline]] inline int8x16_t less_128(uint8x16_t x) {
  return vreinterpretq_s8_u8(veorq_u8(x, vdupq_n_u8(0x80)));
}

// A PanelStartU8Fn: start = bias + 128 * sum w, of 16 output channels.
[[maybe_unused]] void start_from_signed(const int8_t* weight, ptrdiff_t groups, const int32_t* bias,
                                        int32_t* start) {
  int32x4_t sums[4] = {};
  for (ptrdiff_t g = 0; g < groups; ++g, weight += kGroupBytes) {
#pragma GCC unroll 4
    for (int32_t q = 0; q < 4; ++q) {
      sums[q] = vpadalq_s16(sums[q], vpaddlq_s8(vld1q_s8(weight + q * 16)));
    }
  }
#pragma GCC unroll 4
  for (int32_t q = 0; q < 4; ++q) {
    vst1q_s32(start + q * 4, vaddq_s32(vld1q_s32(bias + q * 4), vshlq_n_s32(sums[q], 7)));
  }
}

}  // namespace
}  // namespace pawl::kernels::cpu
