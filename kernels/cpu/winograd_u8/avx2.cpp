// Exact Winograd convolution, AVX2: products of 6 tiles x 1 panel. Windows and weights are 16-bit
// integers already, so vpmaddwd takes them as they are: what the direct form must widen first.
#include "kernels/cpu/winograd_u8/avx2.h"

#include <immintrin.h>

#include "kernels/cpu/winograd_u8/entries.h"

namespace pawl::kernels::cpu {
namespace {

Integers add_products(Integers sum, Integers a, Integers b) {
  return _mm256_add_epi32(sum, _mm256_madd_epi16(a, b));
}

}  // namespace
}  // namespace pawl::kernels::cpu

#include "kernels/cpu/winograd_u8/lanes.h"

namespace pawl::kernels::cpu {
namespace {

constexpr WinogradU8Microkernels kMicrokernels{.transform_window = transform_window,
                                               .products = kProducts6x1<>,
                                               .transform_output = transform_output,
                                               .store = kTileStoresU8};

}  // namespace

void winograd_u8_avx2(const WinogradU8Params& params, int32_t part, int32_t parts) {
  winograd_u8_tiled(params, part, parts, kMicrokernels);
}

}  // namespace pawl::kernels::cpu
