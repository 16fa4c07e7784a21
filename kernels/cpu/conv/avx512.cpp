// Dense convolution, AVX-512: micro-kernels of P pixels x V panels, one zmm a panel.
//
// 14x2 keeps 28 accumulators, 2 weight vectors and 1 broadcast: 16 loads for 28 FMAs, so that two
// FMA ports are the limit and weights stream from L2 at 9 bytes a cycle. 9x3 serves the odd panel
// of OC = 48, 80, 144; 28x1 serves OC <= 16 and is limited by its 29 loads for 28 FMAs.
#include <immintrin.h>

#include "kernels/cpu/conv/entries.h"
#include "kernels/cpu/conv/tiles.h"
#include "kernels/cpu/vec/tile_store_avx512.h"
#include "kernels/panel.h"

namespace pawl::kernels::cpu {
namespace {

template <int32_t P, int32_t V>
void begin_sum(const TileSum& s, __m512 (&acc)[P][V]) {
#pragma GCC unroll 4
  for (int32_t v = 0; v < V; ++v) {
    const __m512 bias = _mm512_loadu_ps(s.bias + v * kPanelChannels);
#pragma GCC unroll 32
    for (int32_t i = 0; i < P; ++i) acc[i][v] = bias;
  }
  if (!s.resume) return;
#pragma GCC unroll 32
  for (int32_t i = 0; i < P; ++i) {
#pragma GCC unroll 4
    for (int32_t v = 0; v < V; ++v)
      acc[i][v] = _mm512_load_ps(s.tile + (i * V + v) * kPanelChannels);
  }
}

template <int32_t P, int32_t V>
void end_sum(const TileSum& s, const __m512 (&acc)[P][V]) {
#pragma GCC unroll 32
  for (int32_t i = 0; i < P; ++i) {
#pragma GCC unroll 4
    for (int32_t v = 0; v < V; ++v) {
      _mm512_store_ps(s.tile + (i * V + v) * kPanelChannels, acc[i][v]);
    }
  }
}

template <int32_t P, int32_t V>
void sum_by_pointer(const TileSum& s) {
  static_assert(P * V * kPanelChannels <= kTileFloatsMax);
  __m512 acc[P][V];
  begin_sum<P, V>(s, acc);
  const float* weight = s.weight;
  const float* const* pointers = s.pointers;
  for (ptrdiff_t tap = s.tap_count; tap > 0; --tap, pointers += P) {
    const float* x[P];
#pragma GCC unroll 32
    for (int32_t i = 0; i < P; ++i) x[i] = pointers[i];
    for (ptrdiff_t k = 0; k < s.length; ++k, weight += kPanelChannels) {
      __m512 w[V];
#pragma GCC unroll 4
      for (int32_t v = 0; v < V; ++v) w[v] = _mm512_loadu_ps(weight + v * s.panel_weights);
#pragma GCC unroll 32
      for (int32_t i = 0; i < P; ++i) {
        const __m512 scalar = _mm512_set1_ps(x[i][k]);
#pragma GCC unroll 4
        for (int32_t v = 0; v < V; ++v) acc[i][v] = _mm512_fmadd_ps(scalar, w[v], acc[i][v]);
      }
    }
  }
  end_sum<P, V>(s, acc);
}

// Pixel i of a run of 7 from `base`, by the addressing modes of x86: scales 1, 2, 4 of one, three
// and five steps. 28 pixels then take 4 bases and 3 steps instead of 28 pointers.
const float* stepped(const char* base, int32_t i, ptrdiff_t step, ptrdiff_t step_3,
                     ptrdiff_t step_5) {
  const ptrdiff_t offset = i == 0   ? 0
                           : i == 3 ? step_3
                           : i == 5 ? step_5
                           : i == 6 ? 2 * step_3
                                    : i * step;
  return reinterpret_cast<const float*>(base + offset);
}

template <int32_t P, int32_t V>
void sum_by_stride(const TileSum& s) {
  constexpr int32_t kRun = 7;
  constexpr int32_t kBases = (P + kRun - 1) / kRun;
  __m512 acc[P][V];
  begin_sum<P, V>(s, acc);
  const ptrdiff_t step = s.pixel_step * ptrdiff_t{sizeof(float)};
  const ptrdiff_t step_3 = step * 3;
  const ptrdiff_t step_5 = step * 5;
  const float* weight = s.weight;
  const char* ahead = s.ahead;
  const char* ahead_other = s.ahead_other;
  const char* y = s.y;
  for (ptrdiff_t tap = 0; tap < s.tap_count; ++tap) {
    const char* base[kBases];
    base[0] = reinterpret_cast<const char*>(s.x + s.offsets[tap]);
#pragma GCC unroll 4
    for (int32_t b = 1; b < kBases; ++b) base[b] = base[b - 1] + kRun * step;
    for (const float* end = weight + s.length * kPanelChannels; weight != end;
         weight += kPanelChannels) {
      _mm_prefetch(ahead, _MM_HINT_T0);
      ahead += s.ahead_step;
#pragma GCC unroll 4
      for (int32_t v = 0; v < V; ++v) _mm_prefetch(y + v * 64, _MM_HINT_ET0);
      y += s.y_step;
      __m512 w[V];
#pragma GCC unroll 4
      for (int32_t v = 0; v < V; ++v) w[v] = _mm512_loadu_ps(weight + v * s.panel_weights);
#pragma GCC unroll 32
      for (int32_t i = 0; i < P; ++i) {
        const __m512 scalar =
            _mm512_set1_ps(*stepped(base[i / kRun], i % kRun, step, step_3, step_5));
#pragma GCC unroll 4
        for (int32_t v = 0; v < V; ++v) acc[i][v] = _mm512_fmadd_ps(scalar, w[v], acc[i][v]);
      }
#pragma GCC unroll 4
      for (int32_t b = 0; b < kBases; ++b) base[b] += sizeof(float);
    }
    const char* const swapped = ahead;
    ahead = ahead_other;
    ahead_other = swapped;
  }
  end_sum<P, V>(s, acc);
}

template <int32_t P, int32_t V>
constexpr TileKernel kBoth{P, V, sum_by_pointer<P, V>, sum_by_stride<P, V>};
template <int32_t P, int32_t V>
constexpr TileKernel kPointer{P, V, sum_by_pointer<P, V>, nullptr};

constexpr TileKernel kKernels[] = {
    kBoth<28, 1>,   kPointer<20, 1>, kPointer<14, 1>, kPointer<8, 1>,  kPointer<4, 1>,
    kPointer<2, 1>, kPointer<1, 1>,  kBoth<14, 2>,    kPointer<12, 2>, kPointer<10, 2>,
    kPointer<8, 2>, kPointer<6, 2>,  kPointer<4, 2>,  kPointer<2, 2>,  kPointer<1, 2>,
    kBoth<9, 3>,    kPointer<7, 3>,  kPointer<5, 3>,  kPointer<3, 3>,  kPointer<1, 3>,
};

constexpr ConvMicrokernels kMicrokernels{.kernels = kKernels,
                                         .kernel_count = sizeof(kKernels) / sizeof(kKernels[0]),
                                         .panels_preferred = 2,
                                         .panels_max = 3,
                                         .store = kTileStores};

}  // namespace

void conv_avx512(const ConvParams& params, int32_t part, int32_t parts) {
  conv_tiled(params, part, parts, kMicrokernels);
}

}  // namespace pawl::kernels::cpu
