// Winograd convolution, Advanced SIMD: products of up to 8 tiles x 1 panel of
// vec/panel_products_neon.h.
#include "kernels/cpu/vec/panel_products_neon.h"
#include "kernels/cpu/vec/tile_store_neon.h"
#include "kernels/cpu/winograd/entries.h"
#include "kernels/panel.h"

// After the vectors it is written in.
#include "kernels/cpu/winograd/lanes.h"

namespace pawl::kernels::cpu {
namespace {

// Instead of multiply_tiles of products.h: 16 channels of a tile lie side by side.
template <int32_t P>
void multiply_windows(const TileProducts<float>& t) {
  for (int32_t c = 0; c < kPanelChannels; c += kColumns<P>) {
    Lanes sum[P][kVectors<P>];
#pragma GCC unroll 8
    for (int32_t i = 0; i < P; ++i) {
#pragma GCC unroll 4
      for (int32_t v = 0; v < kVectors<P>; ++v) sum[i][v] = fill(0.0F);
    }
    const float* weight = t.weight + c;
    const float* chunk = t.window;
    for (int32_t left = t.words; left > 0; left -= kPanelChannels) {
      const float* x[P];
#pragma GCC unroll 8
      for (int32_t i = 0; i < P; ++i) x[i] = chunk + i * kPanelChannels;
      multiply_rows<P>(x, weight, left < kPanelChannels ? left : kPanelChannels, sum);
      chunk += t.chunk_words;
      weight += kPanelChannels * kPanelChannels;
    }
#pragma GCC unroll 8
    for (int32_t i = 0; i < P; ++i) {
#pragma GCC unroll 4
      for (int32_t v = 0; v < kVectors<P>; ++v) {
        store(t.product + i * kPanelChannels + c + v * kLanes, sum[i][v]);
      }
    }
  }
}

using ProductFn = void (*)(const TileProducts<float>&);

constexpr ProductFn kOnePanel[kPanelRowsMax] = {
    multiply_windows<1>, multiply_windows<2>, multiply_windows<3>, multiply_windows<4>,
    multiply_windows<5>, multiply_windows<6>, multiply_windows<7>, multiply_windows<8>};

constexpr WinogradMicrokernels kMicrokernels{
    .transform_window = transform_window,
    .products = {.kernels = {{kOnePanel, kPanelRowsMax}, {nullptr, 0}, {nullptr, 0}},
                 .panels_preferred = 1,
                 .panels_max = 1},
    .transform_output = transform_output,
    .store = kTileStores};

}  // namespace

void winograd_neon(const WinogradParams& params, int32_t part, int32_t parts) {
  winograd_tiled(params, part, parts, kMicrokernels);
}

}  // namespace pawl::kernels::cpu
