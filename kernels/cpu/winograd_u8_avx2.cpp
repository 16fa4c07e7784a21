// Exact Winograd convolution, AVX2: products of 6 tiles x 1 panel. Windows and weights are 16-bit
// integers already, so vpmaddwd takes them as they are: what the direct form must widen first.
#include "kernels/cpu/winograd_u8_avx2.h"

#include <immintrin.h>

#include "kernels/cpu/winograd_u8.h"

namespace pawl::kernels::cpu {
namespace {

Integers add_products(Integers sum, Integers a, Integers b) {
  return _mm256_add_epi32(sum, _mm256_madd_epi16(a, b));
}

}  // namespace
}  // namespace pawl::kernels::cpu

#include "kernels/cpu/winograd_u8_lanes.h"

namespace pawl::kernels::cpu {
namespace {

using ProductFn = void (*)(const TileProducts<int32_t>&);

constexpr ProductFn kOnePanel[] = {multiply_tiles<1, 1>, multiply_tiles<2, 1>,
                                   multiply_tiles<3, 1>, multiply_tiles<4, 1>,
                                   multiply_tiles<5, 1>, multiply_tiles<6, 1>};

constexpr WinogradU8Backend kBackend{
    .transform_window = transform_window,
    .products = {.kernels = {{kOnePanel, 6}, {nullptr, 0}, {nullptr, 0}},
                 .panels_preferred = 1,
                 .panels_max = 1},
    .transform_output = transform_output,
    .store = kTileStoresU8};

}  // namespace

void winograd_u8_avx2(const WinogradU8Params& params, int32_t part, int32_t parts) {
  winograd_u8_tiled(params, part, parts, kBackend);
}

}  // namespace pawl::kernels::cpu
