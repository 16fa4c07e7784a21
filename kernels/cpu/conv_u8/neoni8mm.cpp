// Dense u8 convolution, Armv8.6 8-bit matrix products: micro-kernels of P pixels x 1 panel.
//
// USMMLA multiplies unsigned by signed bytes, so activations stay as they are, and takes 2 pixels x
// 8 input channels times 8 input channels x 2 output channels: twice the products of a dot product.
// The packing keeps 4 input channels of an output channel together; interleaving the words of two
// groups makes them 8, for output channels 0 and 2, 1 and 3 of every four. 6 pixels keep 24
// accumulators, 3 registers of pixels and at most 4 of weights: for 24 matrix products 8 loads and
// 8 interleavings of weights, and 6 loads of half a register of pixels. By dot products that would
// be 48.
#include <arm_neon.h>

#include "kernels/cpu/conv_u8/tiles.h"
#include "kernels/cpu/vec/tile_store_u8_neon.h"

namespace pawl::kernels::cpu {
namespace {

constexpr int32_t kBlockGroups = 2;

// Of pixels 2i and 2i + 1, in rows: output channels 4q and 4q + 2, 4q + 1 and 4q + 3.
template <int32_t P>
struct Sums {
  static_assert(P % 2 == 0);
  int32x4_t even[P / 2][4], odd[P / 2][4];
};

// Two groups of weights, of 4 output channels.
struct Weights {
  int8x16_t even, odd;
};
[[gnu::always_inline]] inline Weights interleave_words(int8x16_t first, int8x16_t second) {
  const int32x4_t a = vreinterpretq_s32_s8(first);
  const int32x4_t b = vreinterpretq_s32_s8(second);
  return {vreinterpretq_s8_s32(vtrn1q_s32(a, b)), vreinterpretq_s8_s32(vtrn2q_s32(a, b))};
}

template <int32_t P>
[[gnu::always_inline]] inline void add_quarter(const uint8x16_t (&x)[P / 2], const Weights& w,
                                               int32_t q, Sums<P>& sums) {
#pragma GCC unroll 4
  for (int32_t i = 0; i < P / 2; ++i) {
    sums.even[i][q] = vusmmlaq_s32(sums.even[i][q], x[i], w.even);
    sums.odd[i][q] = vusmmlaq_s32(sums.odd[i][q], x[i], w.odd);
  }
}

template <int32_t P>
[[gnu::always_inline]] inline void add_block(const uint8_t* const (&x)[P], const int8_t* weight,
                                             Sums<P>& sums) {
  uint8x16_t pairs[P / 2];
#pragma GCC unroll 4
  for (int32_t i = 0; i < P / 2; ++i) {
    pairs[i] = vcombine_u8(vld1_u8(x[2 * i]), vld1_u8(x[2 * i + 1]));
  }
#pragma GCC unroll 4
  for (int32_t q = 0; q < 4; ++q) {
    const int8_t* at = weight + q * 16;
    add_quarter<P>(pairs, interleave_words(vld1q_s8(at), vld1q_s8(at + kGroupBytes)), q, sums);
  }
}

// The other half of a row meets weights of zero.
template <int32_t P>
[[gnu::always_inline]] inline void add_group(const uint8x16_t (&group)[P], const int8_t* weight,
                                             Sums<P>& sums) {
  uint8x16_t pairs[P / 2];
#pragma GCC unroll 4
  for (int32_t i = 0; i < P / 2; ++i) {
    pairs[i] = vcombine_u8(vget_low_u8(group[2 * i]), vget_low_u8(group[2 * i + 1]));
  }
#pragma GCC unroll 4
  for (int32_t q = 0; q < 4; ++q) {
    add_quarter<P>(pairs, interleave_words(vld1q_s8(weight + q * 16), vdupq_n_s8(0)), q, sums);
  }
}

template <int32_t P>
[[gnu::always_inline]] inline int32x4_t quarter(const Sums<P>& sums, int32_t i, int32_t q) {
  const int32x4_t even = sums.even[i / 2][q];
  const int32x4_t odd = sums.odd[i / 2][q];
  return i % 2 == 0 ? vzip1q_s32(even, odd) : vzip2q_s32(even, odd);
}

}  // namespace
}  // namespace pawl::kernels::cpu

// After the sums it is written in.
#include "kernels/cpu/conv_u8/neon_lanes.h"

namespace pawl::kernels::cpu {
namespace {

constexpr TileKernelU8 kKernels[] = {{6, 1, sum_by_pointer<6>, sum_by_stride<6>},
                                     {4, 1, sum_by_pointer<4>, nullptr},
                                     {2, 1, sum_by_pointer<2>, nullptr}};

constexpr ConvU8Microkernels kMicrokernels{.kernels = kKernels,
                                           .kernel_count = sizeof(kKernels) / sizeof(kKernels[0]),
                                           .panels_preferred = 1,
                                           .panels_max = 1,
                                           .store = kTileStoresU8};

}  // namespace

void conv_u8_neoni8mm(const ConvU8Params& params, int32_t part, int32_t parts) {
  conv_u8_tiled(params, part, parts, kMicrokernels);
}

}  // namespace pawl::kernels::cpu
