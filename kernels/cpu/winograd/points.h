// Winograd's F(4, 3) at the points 0, A, -A, B, -B and infinity. Polynomials multiply point by
// point: with d the window of 6, g the kernel of 3 and (*) elementwise,
//   y = out((weight(g)) (*) in(d)),
//   in(d)[p]     = the cofactor x^4 - ... of point p applied to d: see lanes.h
//   weight(g)[p] = (g0 + g1 p + g2 p^2) / product over points q != p of (p - q); g2 at infinity
//   out(m)[i]    = sum over finite points of p^i m[p], + m[infinity] for i = 3
// In two dimensions each applies to the columns, then to the rows.
//
// A = 5/8 and B = 3/2: with all the constants below exact in float, within 6 % of the least error
// that a search over A and B found (A = 0.575, B = 1.4), and a third of that of A = 1, B = 2.
#pragma once

#include <cstdint>

namespace pawl::kernels::cpu {

inline constexpr int32_t kWinogradTile = 4;     // outputs of a tile, each way
inline constexpr int32_t kWinogradWindow = 6;   // inputs of a tile, each way
inline constexpr int32_t kWinogradPlanes = 36;  // products of a tile and pair of channels

inline constexpr float kPointA = 0.625F;
inline constexpr float kPointB = 1.5F;
inline constexpr float kPointA2 = kPointA * kPointA;
inline constexpr float kPointB2 = kPointB * kPointB;
inline constexpr float kPointA3 = kPointA2 * kPointA;
inline constexpr float kPointB3 = kPointB2 * kPointB;
inline constexpr float kPointSum2 = kPointA2 + kPointB2;      // x^4 - Sum2 x^2 + Product2 has the
inline constexpr float kPointProduct2 = kPointA2 * kPointB2;  // roots +-A, +-B

}  // namespace pawl::kernels::cpu
