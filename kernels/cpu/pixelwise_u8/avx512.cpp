// Pixelwise u8 operations, AVX-512.
#include <immintrin.h>

#include "kernels/cpu/vec/requantize_avx512.h"

namespace pawl::kernels::cpu {
namespace {

constexpr int32_t kByteLanes = 64;
using Bytes = __m512i;

struct Quantizer {
  Quantizer(float inverse, int32_t zero)
      : inverse_scale(_mm512_set1_ps(inverse)), requantizer(zero) {}
  __m512 inverse_scale;
  Requantizer<Activation::kNone> requantizer;
};

Bytes load(const uint8_t* x) {
  return _mm512_loadu_si512(x);
}
void store(uint8_t* y, Bytes v) {
  _mm512_storeu_si512(y, v);
}
__mmask64 first_bytes(int32_t n) {
  return (__mmask64{1} << n) - 1;
}
Bytes load_first(const uint8_t* x, int32_t n) {
  return _mm512_maskz_loadu_epi8(first_bytes(n), x);
}
void store_first(uint8_t* y, Bytes v, int32_t n) {
  _mm512_mask_storeu_epi8(y, first_bytes(n), v);
}
Bytes maximum(Bytes a, Bytes b) {
  return _mm512_max_epu8(a, b);
}
Bytes zero_bytes() {
  return _mm512_setzero_si512();
}

using Block = __m128i;
Block load_block(const uint8_t* x) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(x));
}
void store_block(uint8_t* y, Block v) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(y), v);
}
Block either(Block a, Block b) {
  return _mm_or_si128(a, b);
}
Block chosen(Block v, Block order) {
  return _mm_shuffle_epi8(v, order);
}

Bytes quantize_lanes(const float* x, const Quantizer& quantizer) {
  __m512i v[4];
#pragma GCC unroll 4
  for (int32_t j = 0; j < 4; ++j) {
    v[j] = quantizer.requantizer.template quantize<true>(_mm512_loadu_ps(x + j * kLanes),
                                                         quantizer.inverse_scale);
  }
  return pack_bytes(v);
}

void dequantize_lanes(const uint8_t* x, float* y, const Quantization& quantization) {
  const __m512i zero = _mm512_set1_epi32(quantization.zero);
  const __m512 scale = _mm512_set1_ps(quantization.scale);
#pragma GCC unroll 4
  for (int32_t j = 0; j < 4; ++j) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(x + j * kLanes));
    const __m512i centred = _mm512_sub_epi32(_mm512_cvtepu8_epi32(bytes), zero);
    _mm512_storeu_ps(y + j * kLanes, _mm512_mul_ps(_mm512_cvtepi32_ps(centred), scale));
  }
}

}  // namespace
}  // namespace pawl::kernels::cpu

// After the vectors it is written in.
#include "kernels/cpu/pixelwise_u8/lanes.h"

namespace pawl::kernels::cpu {

void quantize_u8_avx512(const QuantizeParams& params, int32_t part, int32_t parts) {
  quantize_pixels(params, part, parts);
}

void dequantize_u8_avx512(const DequantizeParams& params, int32_t part, int32_t parts) {
  dequantize_pixels(params, part, parts);
}

void copy_u8_avx512(const CopyU8Params& params, int32_t part, int32_t parts) {
  copy_pixels(params, part, parts);
}

void max_pool_u8_avx512(const MaxPoolU8Params& params, int32_t part, int32_t parts) {
  max_pool_rows(params, part, parts);
}

void nearest_u8_avx512(const NearestU8Params& params, int32_t part, int32_t parts) {
  nearest_rows(params, part, parts);
}

}  // namespace pawl::kernels::cpu
