// Operations on u8 images with a new scale, AVX2.
#include <immintrin.h>

#include "kernels/cpu/vec/requantize_avx2.h"

namespace pawl::kernels::cpu {
namespace {

// Elements 0 to 7, and 8 to 15.
struct Integers {
  __m256i low, high;
};
struct Floats {
  __m256 low, high;
};

struct Rounder {
  explicit Rounder(int32_t zero) : rebase(_mm256_set1_epi32(kRoundMagicBits - zero)) {}
  __m256i rebase;
};

Integers widen(const uint8_t* bytes) {
  const __m128i all = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
  return {_mm256_cvtepu8_epi32(all), _mm256_cvtepu8_epi32(_mm_srli_si128(all, kLanes))};
}
Integers fill_integers(int32_t n) {
  return {_mm256_set1_epi32(n), _mm256_set1_epi32(n)};
}
Integers plus(const Integers& a, const Integers& b) {
  return {_mm256_add_epi32(a.low, b.low), _mm256_add_epi32(a.high, b.high)};
}
Integers minus(const Integers& a, const Integers& b) {
  return {_mm256_sub_epi32(a.low, b.low), _mm256_sub_epi32(a.high, b.high)};
}
Integers times(const Integers& a, const Integers& b) {
  return {_mm256_mullo_epi32(a.low, b.low), _mm256_mullo_epi32(a.high, b.high)};
}
Floats to_floats(const Integers& n) {
  return {_mm256_cvtepi32_ps(n.low), _mm256_cvtepi32_ps(n.high)};
}
Floats fill_floats(float x) {
  return {_mm256_set1_ps(x), _mm256_set1_ps(x)};
}
Floats multiply(const Floats& x, const Floats& y) {
  return {_mm256_mul_ps(x.low, y.low), _mm256_mul_ps(x.high, y.high)};
}
Floats multiply_add(const Floats& x, const Floats& y, const Floats& z) {
  return {_mm256_fmadd_ps(x.low, y.low, z.low), _mm256_fmadd_ps(x.high, y.high, z.high)};
}
void store_quantized(uint8_t* y, const Floats& v, const Floats& factor, const Rounder& rounder) {
  const __m128i bytes = pack_bytes(quantize(v.low, factor.low, rounder.rebase),
                                   quantize(v.high, factor.high, rounder.rebase));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(y), bytes);
}

}  // namespace
}  // namespace pawl::kernels::cpu

// After the vectors it is written in.
#include "kernels/cpu/rescale_u8/lanes.h"

namespace pawl::kernels::cpu {

void binary_u8_avx2(const BinaryU8Params& params, int32_t part, int32_t parts) {
  binary_pixels(params, part, parts);
}

void average_pool_u8_avx2(const AveragePoolU8Params& params, int32_t part, int32_t parts) {
  average_pool_rows(params, part, parts);
}

}  // namespace pawl::kernels::cpu
