// Micro-kernels of the arm64 dense u8 convolutions: P pixels x 1 panel. Include after the sums they
// are written in:
//   kBlockGroups                       groups of 4 input channels that are read at once
//   Sums<P>                            of P pixels x 16 output channels; value-initialised to zero
//   add_block<P>(x, weight, sums)      adds kBlockGroups groups from the P pointers x
//   add_group<P>(group, weight, sums)  adds one that was read, repeated in every 4 bytes
//   quarter<P>(sums, i, q)             of pixel i, output channels 4q to 4q + 3: an int32x4_t
//
// Memory is read to the end of the last group, not of a block. There are no prefetches: the streams
// are few and straight, one a pixel and one of weights.
#pragma once

#include <arm_neon.h>

#include "kernels/cpu/conv_u8/entries.h"
#include "kernels/cpu/conv_u8/tiles.h"
#include "kernels/panel.h"

namespace pawl::kernels::cpu {
namespace {

template <int32_t P>
[[gnu::always_inline]] inline void advance(const uint8_t* (&x)[P], int32_t groups) {
#pragma GCC unroll 8
  for (int32_t i = 0; i < P; ++i) x[i] += groups * kConvU8Group;
}

[[gnu::always_inline]] inline uint8x16_t load_group(const uint8_t* x) {
  float group = 0;  // four bytes in which GCC recognises a repeating load
  __builtin_memcpy(&group, x, sizeof(group));
  return vreinterpretq_u8_f32(vdupq_n_f32(group));
}

// Adds `groups` groups from each of the pointers; returns where their weights end.
template <int32_t P>
[[gnu::always_inline]] inline const int8_t* add_groups(const uint8_t* (&x)[P], ptrdiff_t groups,
                                                       const int8_t* weight, Sums<P>& sums) {
  for (; groups >= kBlockGroups; groups -= kBlockGroups) {
    add_block<P>(x, weight, sums);
    advance<P>(x, kBlockGroups);
    weight += kBlockGroups * kGroupBytes;
  }
  for (; groups > 0; --groups) {
    uint8x16_t group[P];
#pragma GCC unroll 8
    for (int32_t i = 0; i < P; ++i) group[i] = load_group(x[i]);
    add_group<P>(group, weight, sums);
    advance<P>(x, 1);
    weight += kGroupBytes;
  }
  return weight;
}

template <int32_t P>
[[gnu::always_inline]] inline void end_sum(const TileSumU8& s, const Sums<P>& sums) {
#pragma GCC unroll 8
  for (int32_t i = 0; i < P; ++i) {
    int32_t* tile = s.tile + i * kPanelChannels;
    const int32_t* begin = s.resume ? tile : s.bias;
#pragma GCC unroll 4
    for (int32_t q = 0; q < 4; ++q) {
      vst1q_s32(tile + q * 4, vaddq_s32(vld1q_s32(begin + q * 4), quarter<P>(sums, i, q)));
    }
  }
}

template <int32_t P>
void sum_by_pointer(const TileSumU8& s) {
  Sums<P> sums{};
  const int8_t* weight = s.weight;
  const uint8_t* const* pointers = s.pointers;
  for (ptrdiff_t tap = s.tap_count; tap > 0; --tap, pointers += P) {
    const uint8_t* x[P];
#pragma GCC unroll 8
    for (int32_t i = 0; i < P; ++i) x[i] = pointers[i];
    weight = add_groups<P>(x, s.length, weight, sums);
  }
  end_sum<P>(s, sums);
}

template <int32_t P>
void sum_by_stride(const TileSumU8& s) {
  Sums<P> sums{};
  const int8_t* weight = s.weight;
  for (ptrdiff_t tap = 0; tap < s.tap_count; ++tap) {
    const uint8_t* x[P];
#pragma GCC unroll 8
    for (int32_t i = 0; i < P; ++i) x[i] = s.x + s.offsets[tap] + i * s.pixel_step;
    weight = add_groups<P>(x, s.length, weight, sums);
  }
  end_sum<P>(s, sums);
}

}  // namespace
}  // namespace pawl::kernels::cpu
