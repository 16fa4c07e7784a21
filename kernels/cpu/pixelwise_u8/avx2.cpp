// Pixelwise u8 operations, AVX2.
#include <immintrin.h>

#include "kernels/cpu/vec/requantize_avx2.h"

namespace pawl::kernels::cpu {
namespace {

constexpr int32_t kByteLanes = 32;
using Bytes = __m256i;

struct Quantizer {
  Quantizer(float inverse, int32_t zero)
      : inverse_scale(_mm256_set1_ps(inverse)), rebase(_mm256_set1_epi32(kRoundMagicBits - zero)) {}
  __m256 inverse_scale;
  __m256i rebase;
};

Bytes load(const uint8_t* x) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x));
}
void store(uint8_t* y, Bytes v) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(y), v);
}
Bytes load_first(const uint8_t* x, int32_t n) {
  alignas(kByteLanes) uint8_t all[kByteLanes] = {};
  __builtin_memcpy(all, x, static_cast<size_t>(n));
  return _mm256_load_si256(reinterpret_cast<const __m256i*>(all));
}
void store_first(uint8_t* y, Bytes v, int32_t n) {
  alignas(kByteLanes) uint8_t all[kByteLanes];
  _mm256_store_si256(reinterpret_cast<__m256i*>(all), v);
  __builtin_memcpy(y, all, static_cast<size_t>(n));
}
Bytes maximum(Bytes a, Bytes b) {
  return _mm256_max_epu8(a, b);
}
Bytes zero_bytes() {
  return _mm256_setzero_si256();
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
  __m128i half[2];
#pragma GCC unroll 2
  for (int32_t h = 0; h < 2; ++h, x += 2 * kLanes) {
    half[h] = pack_bytes(
        quantize(_mm256_loadu_ps(x), quantizer.inverse_scale, quantizer.rebase),
        quantize(_mm256_loadu_ps(x + kLanes), quantizer.inverse_scale, quantizer.rebase));
  }
  return _mm256_set_m128i(half[1], half[0]);
}

void dequantize_lanes(const uint8_t* x, float* y, const Quantization& quantization) {
  const __m256i zero = _mm256_set1_epi32(quantization.zero);
  const __m256 scale = _mm256_set1_ps(quantization.scale);
#pragma GCC unroll 4
  for (int32_t j = 0; j < 4; ++j) {
    const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(x + j * kLanes));
    const __m256i centred = _mm256_sub_epi32(_mm256_cvtepu8_epi32(bytes), zero);
    _mm256_storeu_ps(y + j * kLanes, _mm256_mul_ps(_mm256_cvtepi32_ps(centred), scale));
  }
}

}  // namespace
}  // namespace pawl::kernels::cpu

// After the vectors it is written in.
#include "kernels/cpu/pixelwise_u8/lanes.h"

namespace pawl::kernels::cpu {

void quantize_u8_avx2(const QuantizeParams& params, int32_t part, int32_t parts) {
  quantize_pixels(params, part, parts);
}

void dequantize_u8_avx2(const DequantizeParams& params, int32_t part, int32_t parts) {
  dequantize_pixels(params, part, parts);
}

void copy_u8_avx2(const CopyU8Params& params, int32_t part, int32_t parts) {
  copy_pixels(params, part, parts);
}

void max_pool_u8_avx2(const MaxPoolU8Params& params, int32_t part, int32_t parts) {
  max_pool_rows(params, part, parts);
}

void nearest_u8_avx2(const NearestU8Params& params, int32_t part, int32_t parts) {
  nearest_rows(params, part, parts);
}

}  // namespace pawl::kernels::cpu
