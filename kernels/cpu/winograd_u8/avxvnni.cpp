// Exact Winograd convolution, AVX-VNNI: as winograd_u8/avx2.cpp, with vpdpwssd for vpmaddwd and
// vpaddd.
#include <immintrin.h>

#include "kernels/cpu/winograd_u8/avx2.h"
#include "kernels/cpu/winograd_u8/entries.h"

namespace pawl::kernels::cpu {
namespace {

Integers add_products(Integers sum, Integers a, Integers b) {
  return _mm256_dpwssd_avx_epi32(sum, a, b);
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

void winograd_u8_avxvnni(const WinogradU8Params& params, int32_t part, int32_t parts) {
  winograd_u8_tiled(params, part, parts, kMicrokernels);
}

}  // namespace pawl::kernels::cpu
