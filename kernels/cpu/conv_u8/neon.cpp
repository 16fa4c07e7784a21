// Dense u8 convolution, Armv8.0 Advanced SIMD: micro-kernels of P pixels x 1 panel.
//
// Activations are taken less 128 (conv_u8/signed_neon.h), so that SMULL multiplies bytes: a product
// fits 16 bits, whereas the sum of two of -128 * -128 does not. SADALP therefore adds every product
// to 32 bits at once, pairwise: a panel takes 8 registers of 2 output channels x 2 partial sums,
// which are added up at the end. That is 4 products an instruction, as many as with SMLAL on
// operands widened to 16 bits, but nothing is widened and cores that multiply in one of two pipes
// (Cortex-A57, A72) add in the other.
#include <arm_neon.h>

#include "kernels/cpu/conv_u8/signed_neon.h"
#include "kernels/cpu/vec/tile_store_u8_neon.h"

namespace pawl::kernels::cpu {
namespace {

constexpr int32_t kBlockGroups = 4;

// The registers of pixel i, two for every 4 output channels.
template <int32_t P>
struct Sums {
  int32x4_t of[P][8];
};

// One group of input channels, repeated in every 4 bytes of x.
template <int32_t P>
[[gnu::always_inline]] inline void add_repeated(const int8x16_t (&x)[P], const int8_t* weight,
                                                Sums<P>& sums) {
#pragma GCC unroll 4
  for (int32_t q = 0; q < 4; ++q) {
    const int8x16_t w = vld1q_s8(weight + q * 16);
#pragma GCC unroll 4
    for (int32_t i = 0; i < P; ++i) {
      int32x4_t* sum = sums.of[i] + 2 * q;
      sum[0] = vpadalq_s16(sum[0], vmull_s8(vget_low_s8(x[i]), vget_low_s8(w)));
      sum[1] = vpadalq_s16(sum[1], vmull_high_s8(x[i], w));
    }
  }
}

template <int32_t kLane, int32_t P>
[[gnu::always_inline]] inline void add_lane(const int8x16_t (&x)[P], const int8_t* weight,
                                            Sums<P>& sums) {
  int8x16_t repeated[P];
#pragma GCC unroll 4
  for (int32_t i = 0; i < P; ++i) {
    repeated[i] = vreinterpretq_s8_s32(vdupq_laneq_s32(vreinterpretq_s32_s8(x[i]), kLane));
  }
  add_repeated<P>(repeated, weight, sums);
}

template <int32_t P>
[[gnu::always_inline]] inline void add_block(const uint8_t* const (&x)[P], const int8_t* weight,
                                             Sums<P>& sums) {
  int8x16_t block[P];
#pragma GCC unroll 4
  for (int32_t i = 0; i < P; ++i) block[i] = less_128(vld1q_u8(x[i]));
  add_lane<0, P>(block, weight, sums);
  add_lane<1, P>(block, weight + kGroupBytes, sums);
  add_lane<2, P>(block, weight + 2 * kGroupBytes, sums);
  add_lane<3, P>(block, weight + 3 * kGroupBytes, sums);
}

template <int32_t P>
[[gnu::always_inline]] inline void add_group(const uint8x16_t (&group)[P], const int8_t* weight,
                                             Sums<P>& sums) {
  int8x16_t x[P];
#pragma GCC unroll 4
  for (int32_t i = 0; i < P; ++i) x[i] = less_128(group[i]);
  add_repeated<P>(x, weight, sums);
}

template <int32_t P>
[[gnu::always_inline]] inline int32x4_t quarter(const Sums<P>& sums, int32_t i, int32_t q) {
  return vpaddq_s32(sums.of[i][2 * q], sums.of[i][2 * q + 1]);
}

}  // namespace
}  // namespace pawl::kernels::cpu

// After the sums it is written in.
#include "kernels/cpu/conv_u8/neon_lanes.h"

namespace pawl::kernels::cpu {
namespace {

constexpr TileKernelU8 kKernels[] = {{2, 1, sum_by_pointer<2>, sum_by_stride<2>},
                                     {1, 1, sum_by_pointer<1>, nullptr}};

constexpr ConvU8Microkernels kMicrokernels{.kernels = kKernels,
                                           .kernel_count = sizeof(kKernels) / sizeof(kKernels[0]),
                                           .panels_preferred = 1,
                                           .panels_max = 1,
                                           .store = kTileStoresU8,
                                           .start = start_from_signed};

}  // namespace

void conv_u8_neon(const ConvU8Params& params, int32_t part, int32_t parts) {
  conv_u8_tiled(params, part, parts, kMicrokernels);
}

}  // namespace pawl::kernels::cpu
