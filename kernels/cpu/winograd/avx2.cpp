// Winograd convolution, AVX2 + FMA: products of 6 tiles x 1 panel, as conv/avx2.cpp.
#include "kernels/cpu/vec/avx2.h"

#include "kernels/cpu/vec/tile_store_avx2.h"
#include "kernels/cpu/winograd/entries.h"

// After the vectors it is written in.
#include "kernels/cpu/winograd/lanes.h"

namespace pawl::kernels::cpu {
namespace {

constexpr WinogradMicrokernels kMicrokernels{.transform_window = transform_window,
                                             .products = kProducts6x1<>,
                                             .transform_output = transform_output,
                                             .store = kTileStores};

}  // namespace

void winograd_avx2(const WinogradParams& params, int32_t part, int32_t parts) {
  winograd_tiled(params, part, parts, kMicrokernels);
}

}  // namespace pawl::kernels::cpu
