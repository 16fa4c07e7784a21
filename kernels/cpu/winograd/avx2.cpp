// Winograd convolution, AVX2 + FMA: products of 6 tiles x 1 panel, as conv/avx2.cpp.
#include <immintrin.h>

#include "kernels/cpu/vec/tile_store_avx2.h"
#include "kernels/cpu/winograd/entries.h"

namespace pawl::kernels::cpu {
namespace {

using Lanes = __m256;

Lanes load(const float* x) {
  return _mm256_loadu_ps(x);
}
Lanes load_first(const float* x, int32_t n) {
  return _mm256_maskload_ps(x, lane_mask(n));
}
void store(float* y, Lanes v) {
  _mm256_store_ps(y, v);
}
Lanes fill(float x) {
  return _mm256_set1_ps(x);
}
Lanes add(Lanes a, Lanes b) {
  return _mm256_add_ps(a, b);
}
Lanes subtract(Lanes a, Lanes b) {
  return _mm256_sub_ps(a, b);
}
Lanes multiply(Lanes a, Lanes b) {
  return _mm256_mul_ps(a, b);
}
Lanes multiply_add(Lanes a, Lanes b, Lanes c) {
  return _mm256_fmadd_ps(a, b, c);
}

}  // namespace
}  // namespace pawl::kernels::cpu

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
