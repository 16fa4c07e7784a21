// Dense u8 convolution, AVX-VNNI: micro-kernels of P pixels x 1 panel, two ymm a panel.
//
// 6x1 keeps 12 accumulators, 2 weight vectors and 1 broadcast in 16 registers: 8 loads for 12
// vpdpbusd, so that the two ports of vpdpbusd are the limit. Two panels of 3 pixels would load 7
// times, but stream twice the weights.
#include <immintrin.h>

#include "kernels/cpu/conv_u8/entries.h"
#include "kernels/cpu/conv_u8/tiles.h"
#include "kernels/cpu/vec/tile_store_u8_avx2.h"
#include "kernels/panel.h"

namespace pawl::kernels::cpu {
namespace {

constexpr int32_t kHalves = 2;  // of a panel
constexpr int32_t kHalfBytes = 32;

[[gnu::always_inline]] inline __m256i load_half(const int32_t* from, int32_t h) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + h * kLanes));
}

template <int32_t P>
[[gnu::always_inline]] inline void begin_sum(const TileSumU8& s, __m256i (&acc)[P][kHalves]) {
  static_assert(P * kPanelChannels <= kTileIntegersMax);
#pragma GCC unroll 8
  for (int32_t i = 0; i < P; ++i) {
    const int32_t* begin = s.resume ? s.tile + i * kPanelChannels : s.bias;
#pragma GCC unroll 2
    for (int32_t h = 0; h < kHalves; ++h) acc[i][h] = load_half(begin, h);
  }
}

template <int32_t P>
[[gnu::always_inline]] inline void end_sum(const TileSumU8& s, const __m256i (&acc)[P][kHalves]) {
#pragma GCC unroll 8
  for (int32_t i = 0; i < P; ++i) {
#pragma GCC unroll 2
    for (int32_t h = 0; h < kHalves; ++h) {
      _mm256_store_si256(reinterpret_cast<__m256i*>(s.tile + i * kPanelChannels + h * kLanes),
                         acc[i][h]);
    }
  }
}

struct Weights {
  explicit Weights(const int8_t* weight)
      : half{_mm256_loadu_si256(reinterpret_cast<const __m256i*>(weight)),
             _mm256_loadu_si256(reinterpret_cast<const __m256i*>(weight + kHalfBytes))} {}
  __m256i half[kHalves];
};

// A group of input channels of one pixel, for all 16 output channels.
[[gnu::always_inline]] inline void add_group(const uint8_t* x, const Weights& w,
                                             __m256i (&acc)[kHalves]) {
  int32_t bytes = 0;
  __builtin_memcpy(&bytes, x, sizeof(bytes));
  const __m256i group = _mm256_set1_epi32(bytes);
#pragma GCC unroll 2
  for (int32_t h = 0; h < kHalves; ++h) {
    acc[h] = _mm256_dpbusd_avx_epi32(acc[h], group, w.half[h]);
  }
}

template <int32_t P>
void sum_by_pointer(const TileSumU8& s) {
  __m256i acc[P][kHalves];
  begin_sum<P>(s, acc);
  const int8_t* weight = s.weight;
  const uint8_t* const* pointers = s.pointers;
  for (ptrdiff_t tap = s.tap_count; tap > 0; --tap, pointers += P) {
    const uint8_t* x[P];
#pragma GCC unroll 8
    for (int32_t i = 0; i < P; ++i) x[i] = pointers[i];
    for (ptrdiff_t k = 0; k < s.length * kConvU8Group; k += kConvU8Group, weight += kGroupBytes) {
      const Weights w(weight);
#pragma GCC unroll 8
      for (int32_t i = 0; i < P; ++i) add_group(x[i] + k, w, acc[i]);
    }
  }
  end_sum<P>(s, acc);
}

template <int32_t P>
void sum_by_stride(const TileSumU8& s) {
  static_assert(P <= 6);
  __m256i acc[P][kHalves];
  begin_sum<P>(s, acc);
  const ptrdiff_t step = s.pixel_step;
  const ptrdiff_t step_3 = step * 3;
  const ptrdiff_t step_5 = step * 5;
  const int8_t* weight = s.weight;
  for (ptrdiff_t tap = 0; tap < s.tap_count; ++tap) {
    const uint8_t* base = s.x + s.offsets[tap];
    for (const int8_t* end = weight + s.length * kGroupBytes; weight != end;
         weight += kGroupBytes, base += kConvU8Group) {
      const Weights w(weight);
#pragma GCC unroll 8
      for (int32_t i = 0; i < P; ++i) {
        // By the addressing modes of x86: a base and three steps instead of a pointer a pixel.
        const ptrdiff_t offset = i == 3 ? step_3 : i == 5 ? step_5 : i * step;
        add_group(base + offset, w, acc[i]);
      }
    }
  }
  end_sum<P>(s, acc);
}

constexpr TileKernelU8 kKernels[] = {{6, 1, sum_by_pointer<6>, sum_by_stride<6>},
                                     {4, 1, sum_by_pointer<4>, nullptr},
                                     {2, 1, sum_by_pointer<2>, nullptr},
                                     {1, 1, sum_by_pointer<1>, nullptr}};

constexpr ConvU8Microkernels kMicrokernels{.kernels = kKernels,
                                           .kernel_count = sizeof(kKernels) / sizeof(kKernels[0]),
                                           .panels_preferred = 1,
                                           .panels_max = 1,
                                           .store = kTileStoresU8};

}  // namespace

void conv_u8_avxvnni(const ConvU8Params& params, int32_t part, int32_t parts) {
  conv_u8_tiled(params, part, parts, kMicrokernels);
}

}  // namespace pawl::kernels::cpu
