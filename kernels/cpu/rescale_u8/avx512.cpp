// Operations on u8 images with a new scale, AVX-512.
#include "kernels/cpu/vec/avx512.h"

#include <immintrin.h>

#include "kernels/cpu/vec/requantize_avx512.h"

namespace pawl::kernels::cpu {
namespace {

using Integers = __m512i;
using Floats = Lanes;
using Rounder = Requantizer<Activation::kNone>;

Integers widen(const uint8_t* bytes) {
  return _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes)));
}
Integers fill_integers(int32_t n) {
  return _mm512_set1_epi32(n);
}
Integers plus(Integers a, Integers b) {
  return _mm512_add_epi32(a, b);
}
Integers minus(Integers a, Integers b) {
  return _mm512_sub_epi32(a, b);
}
Integers times(Integers a, Integers b) {
  return _mm512_mullo_epi32(a, b);
}
Floats to_floats(Integers n) {
  return _mm512_cvtepi32_ps(n);
}
Floats fill_floats(float x) {
  return _mm512_set1_ps(x);
}
void store_quantized(uint8_t* y, Floats v, Floats factor, const Rounder& rounder) {
  const __m512i n = rounder.template quantize<true>(v, factor);
  const __m512i positive = _mm512_max_epi32(n, _mm512_setzero_si512());
  _mm_storeu_si128(reinterpret_cast<__m128i*>(y), _mm512_cvtusepi32_epi8(positive));
}

}  // namespace
}  // namespace pawl::kernels::cpu

// After the vectors it is written in.
#include "kernels/cpu/rescale_u8/lanes.h"

namespace pawl::kernels::cpu {

void binary_u8_avx512(const BinaryU8Params& params, int32_t part, int32_t parts) {
  binary_pixels(params, part, parts);
}

void average_pool_u8_avx512(const AveragePoolU8Params& params, int32_t part, int32_t parts) {
  average_pool_rows(params, part, parts);
}

}  // namespace pawl::kernels::cpu
