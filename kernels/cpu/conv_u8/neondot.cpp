// Dense u8 convolution, Armv8.2 dot products: micro-kernels of P pixels x 1 panel.
//
// SDOT multiplies signed bytes only, so activations are taken less 128 (conv_u8/signed_neon.h). It
// takes one operand by lane: 16 bytes of a pixel serve four groups without a broadcast. 6 pixels
// keep 24 accumulators, 6 registers of pixels and at most 2 of weights: 22 loads and 6 inversions
// for 96 dot products.
#include <arm_neon.h>

#include "kernels/cpu/conv_u8/signed_neon.h"
#include "kernels/cpu/vec/tile_store_u8_neon.h"

namespace pawl::kernels::cpu {
namespace {

constexpr int32_t kBlockGroups = 4;

template <int32_t P>
struct Sums {
  int32x4_t of[P][4];
};

template <int32_t kLane, int32_t P>
[[gnu::always_inline]] inline void add_lane(const int8x16_t (&x)[P], const int8_t* weight,
                                            Sums<P>& sums) {
#pragma GCC unroll 4
  for (int32_t q = 0; q < 4; ++q) {
    const int8x16_t w = vld1q_s8(weight + q * 16);
#pragma GCC unroll 8
    for (int32_t i = 0; i < P; ++i) {
      sums.of[i][q] = vdotq_laneq_s32(sums.of[i][q], w, x[i], kLane);
    }
  }
}

template <int32_t P>
[[gnu::always_inline]] inline void add_block(const uint8_t* const (&x)[P], const int8_t* weight,
                                             Sums<P>& sums) {
  int8x16_t block[P];
#pragma GCC unroll 8
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
#pragma GCC unroll 8
  for (int32_t i = 0; i < P; ++i) x[i] = less_128(group[i]);
  add_lane<0, P>(x, weight, sums);
}

template <int32_t P>
[[gnu::always_inline]] inline int32x4_t quarter(const Sums<P>& sums, int32_t i, int32_t q) {
  return sums.of[i][q];
}

}  // namespace
}  // namespace pawl::kernels::cpu

// After the sums it is written in.
#include "kernels/cpu/conv_u8/neon_lanes.h"

namespace pawl::kernels::cpu {
namespace {

constexpr TileKernelU8 kKernels[] = {{6, 1, sum_by_pointer<6>, sum_by_stride<6>},
                                     {4, 1, sum_by_pointer<4>, nullptr},
                                     {2, 1, sum_by_pointer<2>, nullptr},
                                     {1, 1, sum_by_pointer<1>, nullptr}};

constexpr ConvU8Microkernels kMicrokernels{.kernels = kKernels,
                                           .kernel_count = sizeof(kKernels) / sizeof(kKernels[0]),
                                           .panels_preferred = 1,
                                           .panels_max = 1,
                                           .store = kTileStoresU8,
                                           .start = start_from_signed};

}  // namespace

void conv_u8_neondot(const ConvU8Params& params, int32_t part, int32_t parts) {
  conv_u8_tiled(params, part, parts, kMicrokernels);
}

}  // namespace pawl::kernels::cpu
