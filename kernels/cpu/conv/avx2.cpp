// Dense convolution, AVX2 + FMA: micro-kernels of P pixels x 1 panel, two ymm a panel.
//
// 6x1 keeps 12 accumulators, 2 weight vectors and 1 broadcast in 16 registers: 8 loads for 12 FMAs.
#include <immintrin.h>

#include "kernels/cpu/conv/entries.h"
#include "kernels/cpu/conv/tiles.h"
#include "kernels/cpu/vec/tile_store_avx2.h"
#include "kernels/panel.h"

namespace pawl::kernels::cpu {
namespace {

constexpr int32_t kHalves = kPanelChannels / kLanes;

template <int32_t P>
void begin_sum(const TileSum& s, __m256 (&acc)[P][kHalves]) {
#pragma GCC unroll 8
  for (int32_t i = 0; i < P; ++i) {
#pragma GCC unroll 2
    for (int32_t h = 0; h < kHalves; ++h) {
      const float* from = s.resume ? s.tile + i * kPanelChannels : s.bias;
      acc[i][h] = _mm256_loadu_ps(from + h * kLanes);
    }
  }
}

template <int32_t P>
void end_sum(const TileSum& s, const __m256 (&acc)[P][kHalves]) {
#pragma GCC unroll 8
  for (int32_t i = 0; i < P; ++i) {
#pragma GCC unroll 2
    for (int32_t h = 0; h < kHalves; ++h) {
      _mm256_store_ps(s.tile + i * kPanelChannels + h * kLanes, acc[i][h]);
    }
  }
}

template <int32_t P>
void sum_by_pointer(const TileSum& s) {
  __m256 acc[P][kHalves];
  begin_sum<P>(s, acc);
  const float* weight = s.weight;
  const float* const* pointers = s.pointers;
  for (ptrdiff_t tap = s.tap_count; tap > 0; --tap, pointers += P) {
    const float* x[P];
#pragma GCC unroll 8
    for (int32_t i = 0; i < P; ++i) x[i] = pointers[i];
    for (ptrdiff_t k = 0; k < s.length; ++k, weight += kPanelChannels) {
      const __m256 low = _mm256_loadu_ps(weight);
      const __m256 high = _mm256_loadu_ps(weight + kLanes);
#pragma GCC unroll 8
      for (int32_t i = 0; i < P; ++i) {
        const __m256 scalar = _mm256_broadcast_ss(x[i] + k);
        acc[i][0] = _mm256_fmadd_ps(scalar, low, acc[i][0]);
        acc[i][1] = _mm256_fmadd_ps(scalar, high, acc[i][1]);
      }
    }
  }
  end_sum<P>(s, acc);
}

template <int32_t P>
void sum_by_stride(const TileSum& s) {
  __m256 acc[P][kHalves];
  begin_sum<P>(s, acc);
  const ptrdiff_t step = s.pixel_step;
  const ptrdiff_t step_3 = step * 3;
  const float* weight = s.weight;
  const char* ahead = s.ahead;
  const char* ahead_other = s.ahead_other;
  const char* y = s.y;
  for (ptrdiff_t tap = 0; tap < s.tap_count; ++tap) {
    const float* x = s.x + s.offsets[tap];
    const float* x_3 = x + step_3;
    for (const float* end = weight + s.length * kPanelChannels; weight != end;
         weight += kPanelChannels) {
      _mm_prefetch(ahead, _MM_HINT_T0);
      ahead += s.ahead_step;
      _mm_prefetch(y, _MM_HINT_T0);
      y += s.y_step;
      const __m256 low = _mm256_loadu_ps(weight);
      const __m256 high = _mm256_loadu_ps(weight + kLanes);
#pragma GCC unroll 8
      for (int32_t i = 0; i < P; ++i) {
        const __m256 scalar = _mm256_broadcast_ss((i < 3 ? x : x_3) + i % 3 * step);
        acc[i][0] = _mm256_fmadd_ps(scalar, low, acc[i][0]);
        acc[i][1] = _mm256_fmadd_ps(scalar, high, acc[i][1]);
      }
      ++x;
      ++x_3;
    }
    const char* const swapped = ahead;
    ahead = ahead_other;
    ahead_other = swapped;
  }
  end_sum<P>(s, acc);
}

template <int32_t P>
constexpr TileKernel kPointer{P, 1, sum_by_pointer<P>, nullptr};

constexpr TileKernel kKernels[] = {{6, 1, sum_by_pointer<6>, sum_by_stride<6>},
                                   kPointer<5>,
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

void conv_avx2(const ConvParams& params, int32_t part, int32_t parts) {
  conv_tiled(params, part, parts, kMicrokernels);
}

}  // namespace pawl::kernels::cpu
