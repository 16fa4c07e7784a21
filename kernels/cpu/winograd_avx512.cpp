// Winograd convolution, AVX-512: products of 14 tiles x 2 panels, as conv_avx512.cpp.
#include <immintrin.h>

#include "kernels/cpu/tile_store_avx512.h"
#include "kernels/cpu/winograd.h"

namespace pawl::kernels::cpu {
namespace {

using Lanes = __m512;

Lanes load(const float* x) {
  return _mm512_loadu_ps(x);
}
Lanes load_first(const float* x, int32_t n) {
  return _mm512_maskz_loadu_ps(static_cast<__mmask16>((1U << static_cast<uint32_t>(n)) - 1U), x);
}
void store(float* y, Lanes v) {
  _mm512_store_ps(y, v);
}
Lanes fill(float x) {
  return _mm512_set1_ps(x);
}
Lanes add(Lanes a, Lanes b) {
  return _mm512_add_ps(a, b);
}
Lanes subtract(Lanes a, Lanes b) {
  return _mm512_sub_ps(a, b);
}
Lanes multiply(Lanes a, Lanes b) {
  return _mm512_mul_ps(a, b);
}
Lanes multiply_add(Lanes a, Lanes b, Lanes c) {
  return _mm512_fmadd_ps(a, b, c);
}

}  // namespace
}  // namespace pawl::kernels::cpu

#include "kernels/cpu/winograd_lanes.h"

namespace pawl::kernels::cpu {
namespace {

using ProductFn = void (*)(const TileProducts<float>&);

constexpr ProductFn kOnePanel[] = {
    multiply_tiles<1, 1>,  multiply_tiles<2, 1>,  multiply_tiles<3, 1>,  multiply_tiles<4, 1>,
    multiply_tiles<5, 1>,  multiply_tiles<6, 1>,  multiply_tiles<7, 1>,  multiply_tiles<8, 1>,
    multiply_tiles<9, 1>,  multiply_tiles<10, 1>, multiply_tiles<11, 1>, multiply_tiles<12, 1>,
    multiply_tiles<13, 1>, multiply_tiles<14, 1>,
};
constexpr ProductFn kTwoPanels[] = {
    multiply_tiles<1, 2>,  multiply_tiles<2, 2>,  multiply_tiles<3, 2>,  multiply_tiles<4, 2>,
    multiply_tiles<5, 2>,  multiply_tiles<6, 2>,  multiply_tiles<7, 2>,  multiply_tiles<8, 2>,
    multiply_tiles<9, 2>,  multiply_tiles<10, 2>, multiply_tiles<11, 2>, multiply_tiles<12, 2>,
    multiply_tiles<13, 2>, multiply_tiles<14, 2>,
};
constexpr ProductFn kThreePanels[] = {
    multiply_tiles<1, 3>, multiply_tiles<2, 3>, multiply_tiles<3, 3>,
    multiply_tiles<4, 3>, multiply_tiles<5, 3>, multiply_tiles<6, 3>,
    multiply_tiles<7, 3>, multiply_tiles<8, 3>, multiply_tiles<9, 3>,
};

constexpr WinogradBackend kBackend{
    .transform_window = transform_window,
    .products = {.kernels = {{kOnePanel, 14}, {kTwoPanels, 14}, {kThreePanels, 9}},
                 .panels_preferred = 2,
                 .panels_max = 3},
    .transform_output = transform_output,
    .store = kTileStores};

}  // namespace

void winograd_avx512(const WinogradParams& params, int32_t part, int32_t parts) {
  winograd_tiled(params, part, parts, kBackend);
}

}  // namespace pawl::kernels::cpu
