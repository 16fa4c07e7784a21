// Dense convolution, Advanced SIMD: micro-kernels of P pixels x 1 panel, vec/panel_products_neon.h.
#include "kernels/cpu/conv/entries.h"
#include "kernels/cpu/conv/tiles.h"
#include "kernels/cpu/vec/panel_products_neon.h"
#include "kernels/cpu/vec/tile_store_neon.h"
#include "kernels/panel.h"

namespace pawl::kernels::cpu {
namespace {

// Columns [c, c + kColumns) of the panel. Nothing is prefetched: the order of reading is one that
// hardware follows.
template <int32_t P, bool kStrided>
void sum_columns(const TileSum& s, int32_t c) {
  Lanes sum[P][kVectors<P>];
#pragma GCC unroll 8
  for (int32_t i = 0; i < P; ++i) {
    const float* from = s.resume ? s.tile + i * kPanelChannels : s.bias;
#pragma GCC unroll 4
    for (int32_t v = 0; v < kVectors<P>; ++v) sum[i][v] = load(from + c + v * kLanes);
  }
  const float* weight = s.weight + c;
  for (ptrdiff_t tap = 0; tap < s.tap_count; ++tap, weight += s.length * kPanelChannels) {
    const float* x[P];
#pragma GCC unroll 8
    for (int32_t i = 0; i < P; ++i) {
      x[i] = kStrided ? s.x + s.offsets[tap] + i * s.pixel_step : s.pointers[tap * P + i];
    }
    multiply_rows<P>(x, weight, s.length, sum);
  }
#pragma GCC unroll 8
  for (int32_t i = 0; i < P; ++i) {
#pragma GCC unroll 4
    for (int32_t v = 0; v < kVectors<P>; ++v) {
      store(s.tile + i * kPanelChannels + c + v * kLanes, sum[i][v]);
    }
  }
}

template <int32_t P>
void sum_by_pointer(const TileSum& s) {
  for (int32_t c = 0; c < kPanelChannels; c += kColumns<P>) sum_columns<P, false>(s, c);
}

template <int32_t P>
void sum_by_stride(const TileSum& s) {
  for (int32_t c = 0; c < kPanelChannels; c += kColumns<P>) sum_columns<P, true>(s, c);
}

template <int32_t P>
constexpr TileKernel kPointer{P, 1, sum_by_pointer<P>, nullptr};

constexpr TileKernel kKernels[] = {{8, 1, sum_by_pointer<8>, sum_by_stride<8>},
                                   kPointer<6>,
                                   kPointer<4>,
                                   kPointer<3>,
                                   kPointer<2>,
                                   kPointer<1>};

constexpr ConvMicrokernels kMicrokernels{.kernels = kKernels,
                                         .kernel_count = sizeof(kKernels) / sizeof(kKernels[0]),
                                         .panels_preferred = 1,
                                         .panels_max = 1,
                                         .store = kTileStores};

}  // namespace

void conv_neon(const ConvParams& params, int32_t part, int32_t parts) {
  conv_tiled(params, part, parts, kMicrokernels);
}

}  // namespace pawl::kernels::cpu
