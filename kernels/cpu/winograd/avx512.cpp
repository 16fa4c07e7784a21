// Winograd convolution, AVX-512: products of 14 tiles x 2 panels, as conv/avx512.cpp.
#include <immintrin.h>

#include "kernels/cpu/vec/tile_store_avx512.h"
#include "kernels/cpu/winograd/entries.h"

namespace pawl::kernels::cpu {
namespace {

using Lanes = __m512;

Lanes load(const float* x) {
  return _mm512_loadu_ps(x);
}
Lanes load_first(const float* x, int32_t n) {
  return _mm512_maskz_loadu_ps(static_cast<__mmask16>((1U << static_cast<uint32_t>(n)) - 1U), x);
}
void store(float* y, Lanes v) {
  _mm512_store_ps(y, v);
}
Lanes fill(float x) {
  return _mm512_set1_ps(x);
}
Lanes add(Lanes a, Lanes b) {
  return _mm512_add_ps(a, b);
}
Lanes subtract(Lanes a, Lanes b) {
  return _mm512_sub_ps(a, b);
}
Lanes multiply(Lanes a, Lanes b) {
  return _mm512_mul_ps(a, b);
}
Lanes multiply_add(Lanes a, Lanes b, Lanes c) {
  return _mm512_fmadd_ps(a, b, c);
}

}  // namespace
}  // namespace pawl::kernels::cpu

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
