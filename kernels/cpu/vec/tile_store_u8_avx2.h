// Tile stores of tile_store_u8.h for AVX2. Include only where requantize_avx2.h may be.
#pragma once

#include <immintrin.h>

#include "kernels/cpu/vec/requantize_avx2.h"
#include "kernels/cpu/vec/tile_store_u8.h"
#include "kernels/panel.h"

namespace pawl::kernels::cpu {
namespace {

// 16 elements, of which n are stored.
[[maybe_unused, gnu::always_inline]] inline void store_bytes(uint8_t* y, __m128i bytes, int32_t n) {
  if (n >= kPanelChannels) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(y), bytes);
    return;
  }
  alignas(16) uint8_t all[kPanelChannels];
  _mm_store_si128(reinterpret_cast<__m128i*>(all), bytes);
  for (int32_t i = 0; i < n; ++i) y[i] = all[i];
}

// 16 bytes, of which n are read.
[[maybe_unused, gnu::always_inline]] inline __m128i load_bytes(const uint8_t* x, int32_t n) {
  if (n >= kPanelChannels) return _mm_loadu_si128(reinterpret_cast<const __m128i*>(x));
  alignas(16) uint8_t all[kPanelChannels] = {};
  for (int32_t i = 0; i < n; ++i) all[i] = x[i];
  return _mm_load_si128(reinterpret_cast<const __m128i*>(all));
}

// The real values of 16 channels from c on of one pixel.
template <Activation kKind>
[[gnu::always_inline]] inline void finish_panel(const TileStoreU8& s, int32_t pixel, int32_t c,
                                                __m256 (&value)[2]) {
  const Epilogue& e = *s.epilogue;
  const __m256 alpha = _mm256_set1_ps(e.activation.alpha);
  const __m256 beta = _mm256_set1_ps(e.activation.beta);
  const int32_t* tile = s.tile + pixel * s.tile_stride + c;
#pragma GCC unroll 2
  for (int32_t h = 0; h < 2; ++h) {
    const __m256i acc = _mm256_load_si256(reinterpret_cast<const __m256i*>(tile + h * kLanes));
    const __m256 scale = _mm256_loadu_ps(s.scale + c + h * kLanes);
    value[h] =
        activate_quantized<kKind>(_mm256_mul_ps(_mm256_cvtepi32_ps(acc), scale), alpha, beta);
  }
  if (s.residual == nullptr) return;
  const Quantization& q = e.residual_quantization;
  __m128i bytes = load_bytes(s.residual + pixel * s.residual_stride + c, s.channels - c);
#pragma GCC unroll 2
  for (int32_t h = 0; h < 2; ++h) {
    const __m256i centred =
        _mm256_sub_epi32(_mm256_cvtepu8_epi32(bytes), _mm256_set1_epi32(q.zero));
    value[h] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(centred), _mm256_set1_ps(q.scale), value[h]);
    bytes = _mm_srli_si128(bytes, kLanes);
  }
}

template <Activation kKind>
void store_u8_panel(const TileStoreU8& s, int32_t c) {
  const __m256 inverse_scale[2] = {_mm256_loadu_ps(s.inverse_scale + c),
                                   _mm256_loadu_ps(s.inverse_scale + c + kLanes)};
  const __m256i rebase = _mm256_set1_epi32(kRoundMagicBits - s.epilogue->zero);
  for (int32_t i = 0; i < s.pixels; ++i) {
    __m256 value[2];
    finish_panel<kKind>(s, i, c, value);
    const __m128i bytes = pack_bytes(quantize(value[0], inverse_scale[0], rebase),
                                     quantize(value[1], inverse_scale[1], rebase));
    store_bytes(s.y + i * s.y_stride + c, bytes, s.channels - c);
  }
}

template <Activation kKind>
void store_float_panel(const TileStoreU8& s, int32_t c) {
  for (int32_t i = 0; i < s.pixels; ++i) {
    __m256 value[2];
    finish_panel<kKind>(s, i, c, value);
    float* y = s.y_float + i * s.y_stride + c;
    for (int32_t h = 0; h < 2 && c + h * kLanes < s.channels; ++h) {
      store_first(y + h * kLanes, value[h], s.channels - c - h * kLanes);
    }
  }
}

template <Activation kKind>
void store_quantized(const TileStoreU8& s) {
  for (int32_t c = 0; c < s.channels; c += kPanelChannels) {
    if (s.y_float != nullptr) {
      store_float_panel<kKind>(s, c);
    } else {
      store_u8_panel<kKind>(s, c);
    }
  }
}

// In the order of the enumerators; kTanh, kMish and kGelu are not supported.
[[maybe_unused]] constexpr TileStoreU8Fn kTileStoresU8[kTileStoreKinds] = {
    store_quantized<Activation::kNone>,        store_quantized<Activation::kRelu>,
    store_quantized<Activation::kLeakyRelu>,   store_quantized<Activation::kSigmoid>,
    store_quantized<Activation::kSilu>,        store_quantized<Activation::kHardSwish>,
    store_quantized<Activation::kHardSigmoid>, store_quantized<Activation::kNone>,
    store_quantized<Activation::kNone>,        store_quantized<Activation::kNone>,
    store_quantized<Activation::kClip>,
};

}  // namespace
}  // namespace pawl::kernels::cpu
