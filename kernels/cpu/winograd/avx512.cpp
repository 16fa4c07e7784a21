// Winograd convolution, AVX-512: products of 14 tiles x 2 panels, as conv/avx512.cpp.
#include "kernels/cpu/vec/avx512.h"

#include "kernels/cpu/vec/tile_store_avx512.h"
#include "kernels/cpu/winograd/entries.h"

// After the vectors it is written in.
#include "kernels/cpu/winograd/lanes.h"

namespace pawl::kernels::cpu {
namespace {

constexpr WinogradMicrokernels kMicrokernels{.transform_window = transform_window,
                                             .products = kProducts14x2<>,
                                             .transform_output = transform_output,
                                             .store = kTileStores};

}  // namespace

void winograd_avx512(const WinogradParams& params, int32_t part, int32_t parts) {
  winograd_tiled(params, part, parts, kMicrokernels);
}

}  // namespace pawl::kernels::cpu
