// Dense u8 convolution, AVX-512 VNNI: micro-kernels of P pixels x V panels, one zmm a panel.
//
// 14x2 keeps 28 accumulators, 2 weight vectors and 1 broadcast: 16 loads for 28 vpdpbusd, so that
// the two ports of vpdpbusd are the limit and weights stream at 9 bytes a cycle. 9x3 serves the odd
// panel of OC = 48, 80, 144; 28x1 serves OC <= 16 and is limited by its 29 loads for 28 products.
// The broadcast cannot be the memory operand of vpdpbusd: that one is the signed side.
#include <immintrin.h>

#include "kernels/cpu/conv_u8/entries.h"
#include "kernels/cpu/conv_u8/tiles.h"
#include "kernels/cpu/vec/tile_store_u8_avx512.h"

namespace pawl::kernels::cpu {
namespace {

// A group of input channels, for all 16 output channels.
[[gnu::always_inline]] inline __m512i broadcast_group(const uint8_t* x) {
  int32_t group = 0;
  __builtin_memcpy(&group, x, sizeof(group));
  return _mm512_set1_epi32(group);
}

template <int32_t P, int32_t V>
void begin_sum(const TileSumU8& s, __m512i (&acc)[P][V]) {
#pragma GCC unroll 4
  for (int32_t v = 0; v < V; ++v) {
    const __m512i bias = _mm512_loadu_si512(s.bias + v * kLanes);
#pragma GCC unroll 32
    for (int32_t i = 0; i < P; ++i) acc[i][v] = bias;
  }
  if (!s.resume) return;
#pragma GCC unroll 32
  for (int32_t i = 0; i < P; ++i) {
#pragma GCC unroll 4
    for (int32_t v = 0; v < V; ++v) acc[i][v] = _mm512_load_si512(s.tile + (i * V + v) * kLanes);
  }
}

template <int32_t P, int32_t V>
void end_sum(const TileSumU8& s, const __m512i (&acc)[P][V]) {
#pragma GCC unroll 32
  for (int32_t i = 0; i < P; ++i) {
#pragma GCC unroll 4
    for (int32_t v = 0; v < V; ++v) _mm512_store_si512(s.tile + (i * V + v) * kLanes, acc[i][v]);
  }
}

template <int32_t P, int32_t V>
void sum_by_pointer(const TileSumU8& s) {
  static_assert(P * V * kLanes <= kTileIntegersMax);
  __m512i acc[P][V];
  begin_sum<P, V>(s, acc);
  const int8_t* weight = s.weight;
  const uint8_t* const* pointers = s.pointers;
  for (ptrdiff_t tap = s.tap_count; tap > 0; --tap, pointers += P) {
    const uint8_t* x[P];
#pragma GCC unroll 32
    for (int32_t i = 0; i < P; ++i) x[i] = pointers[i];
    for (ptrdiff_t k = 0; k < s.length * kConvU8Group; k += kConvU8Group, weight += kGroupBytes) {
      __m512i w[V];
#pragma GCC unroll 4
      for (int32_t v = 0; v < V; ++v) w[v] = _mm512_loadu_si512(weight + v * s.panel_weights);
#pragma GCC unroll 32
      for (int32_t i = 0; i < P; ++i) {
        const __m512i group = broadcast_group(x[i] + k);
#pragma GCC unroll 4
        for (int32_t v = 0; v < V; ++v) acc[i][v] = _mm512_dpbusd_epi32(acc[i][v], group, w[v]);
      }
    }
  }
  end_sum<P, V>(s, acc);
}

// Pixel i of a run of 7 from `base`, by the addressing modes of x86: scales 1, 2, 4 of one, three
// and five steps. 28 pixels then take 4 bases and 3 steps instead of 28 pointers.
[[gnu::always_inline]] inline const uint8_t* stepped(const uint8_t* base, int32_t i, ptrdiff_t step,
                                                     ptrdiff_t step_3, ptrdiff_t step_5) {
  const ptrdiff_t offset = i == 0   ? 0
                           : i == 3 ? step_3
                           : i == 5 ? step_5
                           : i == 6 ? 2 * step_3
                                    : i * step;
  return base + offset;
}

template <int32_t P, int32_t V>
void sum_by_stride(const TileSumU8& s) {
  constexpr int32_t kRun = 7;
  constexpr int32_t kBases = (P + kRun - 1) / kRun;
  __m512i acc[P][V];
  begin_sum<P, V>(s, acc);
  const ptrdiff_t step = s.pixel_step;
  const ptrdiff_t step_3 = step * 3;
  const ptrdiff_t step_5 = step * 5;
  const int8_t* weight = s.weight;
  const uint8_t* ahead = s.ahead;
  const uint8_t* y = s.y;
  for (ptrdiff_t tap = 0; tap < s.tap_count; ++tap) {
    const uint8_t* base[kBases];
    base[0] = s.x + s.offsets[tap];
#pragma GCC unroll 4
    for (int32_t b = 1; b < kBases; ++b) base[b] = base[b - 1] + kRun * step;
    for (const int8_t* end = weight + s.length * kGroupBytes; weight != end;
         weight += kGroupBytes) {
      _mm_prefetch(ahead, _MM_HINT_T0);
      ahead += s.ahead_step;
      _mm_prefetch(y, _MM_HINT_ET0);
      y += s.y_step;
      __m512i w[V];
#pragma GCC unroll 4
      for (int32_t v = 0; v < V; ++v) w[v] = _mm512_loadu_si512(weight + v * s.panel_weights);
#pragma GCC unroll 32
      for (int32_t i = 0; i < P; ++i) {
        const __m512i group =
            broadcast_group(stepped(base[i / kRun], i % kRun, step, step_3, step_5));
#pragma GCC unroll 4
        for (int32_t v = 0; v < V; ++v) acc[i][v] = _mm512_dpbusd_epi32(acc[i][v], group, w[v]);
      }
#pragma GCC unroll 4
      for (int32_t b = 0; b < kBases; ++b) base[b] += kConvU8Group;
    }
  }
  end_sum<P, V>(s, acc);
}

template <int32_t P, int32_t V>
constexpr TileKernelU8 kBoth{P, V, sum_by_pointer<P, V>, sum_by_stride<P, V>};
template <int32_t P, int32_t V>
constexpr TileKernelU8 kPointer{P, V, sum_by_pointer<P, V>, nullptr};

constexpr TileKernelU8 kKernels[] = {
    kBoth<28, 1>,   kPointer<20, 1>, kPointer<14, 1>, kPointer<8, 1>,  kPointer<4, 1>,
    kPointer<2, 1>, kPointer<1, 1>,  kBoth<14, 2>,    kPointer<12, 2>, kPointer<10, 2>,
    kPointer<8, 2>, kPointer<6, 2>,  kPointer<4, 2>,  kPointer<2, 2>,  kPointer<1, 2>,
    kBoth<9, 3>,    kPointer<7, 3>,  kPointer<5, 3>,  kPointer<3, 3>,  kPointer<1, 3>,
};

constexpr ConvU8Microkernels kMicrokernels{.kernels = kKernels,
                                           .kernel_count = sizeof(kKernels) / sizeof(kKernels[0]),
                                           .panels_preferred = 2,
                                           .panels_max = 3,
                                           .store = kTileStoresU8};

}  // namespace

void conv_u8_avx512vnni(const ConvU8Params& params, int32_t part, int32_t parts) {
  conv_u8_tiled(params, part, parts, kMicrokernels);
}

}  // namespace pawl::kernels::cpu
