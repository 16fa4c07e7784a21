// Winograd's F(4, 3) in integers, at the points 0, 1, -1, 2, -2 and infinity: with d the window of
// 6, g the kernel of 3, W(g) (*) D(d) elementwise and Y the transform back,
//   D(d) = ( 4 d0 - 5 d2 + d4,  -4 d1 - 4 d2 + d3 + d4,  4 d1 - 4 d2 - d3 + d4,
//           -2 d1 - d2 + 2 d3 + d4,  2 d1 - d2 - 2 d3 + d4,  4 d1 - 5 d3 + d5)
//   W(g) = ( 6 g0,  -(g0 + g1 + g2),  -(g0 - g1 + g2),  g0 + 2 g1 + 4 g2,  g0 - 2 g1 + 4 g2,  6 g2)
//   Y(m) = ( m0 + 4 (m1 + m2) + (m3 + m4),  2 (m1 - m2) + (m3 - m4),  (m1 + m2) + (m3 + m4),
//            (m1 - m2) + 2 (m3 - m4) + m5)
// output i of Y(W(g) (*) D(d)) is kScale[i] times that of the convolution. The usual fractions of
// W are multiplied out so far that every coefficient is an integer, and no further: two dimensions
// of W take s8 weights to at most 7 * 7 * 128, two of D take pixels less their zero point to at
// most 10 * 10 * 255; both are 16-bit integers.
//
// kScale[i] * kScale[j] = 9 * 2^(kShift[i] + kShift[j]). Modulo 2^32, 9 has an inverse.
#pragma once

#include <cstdint>

namespace pawl::kernels::cpu {

inline constexpr int32_t kInverseOfNine = 0x38E38E39;  // 9 * it = 1 modulo 2^32
inline constexpr int32_t kShift[4] = {3, 2, 1, 1};     // kScale = 3 << kShift: 24, 12, 6, 6
static_assert(9U * static_cast<uint32_t>(kInverseOfNine) == 1U);

// A sum must survive its own shift by 6.
inline constexpr int64_t kExactSumMax = (int64_t{1} << 25) - 1;

}  // namespace pawl::kernels::cpu
