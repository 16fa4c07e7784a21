// Tile stores of tile_store_u8.h for AVX-512. Include only from avx512*.cpp, as
// requantize_avx512.h.
#pragma once

#include <immintrin.h>

#include "kernels/cpu/vec/requantize_avx512.h"
#include "kernels/cpu/vec/tile_store_u8.h"

namespace pawl::kernels::cpu {
namespace {

// value + (residual - zero) * scale, of the channels of `mask`.
[[maybe_unused, gnu::always_inline]] inline __m512 add_residual(__m512 value, const uint8_t* from,
                                                                __mmask16 mask,
                                                                const Quantization& q) {
  const __m512i bytes = _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(mask, from));
  const __m512 centred = _mm512_cvtepi32_ps(_mm512_sub_epi32(bytes, _mm512_set1_epi32(q.zero)));
  return _mm512_fmadd_ps(centred, _mm512_set1_ps(q.scale), value);
}

// Channels [c, c + 16 * kVectors), 1 or 2 vectors of each pixel; 4 vectors at a time.
template <Activation kKind, bool kResidual, int32_t kVectors>
void store_u8_columns(const TileStoreU8& s, int32_t c) {
  constexpr int32_t kPixels = 4 / kVectors;
  constexpr bool kBound = kResidual || !bounded_below(kKind);
  const Epilogue& e = *s.epilogue;
  const Requantizer<kKind> requantizer(e.zero, e.activation);
  const int32_t left = s.channels - c;
  const __mmask16 mask[2] = {lanes_left(left), lanes_left(left > kLanes ? left - kLanes : 0)};
  const __mmask32 byte_mask = mask[0] | static_cast<__mmask32>(mask[1]) << kLanes;
  const auto load = [c](const float* factor, int32_t v) __attribute__((always_inline)) {
    return v < kVectors ? _mm512_loadu_ps(factor + c + v * kLanes) : _mm512_setzero_ps();
  };
  const __m512 scale[2] = {load(s.scale, 0), load(s.scale, 1)};
  const __m512 inverse_scale[2] = {load(s.inverse_scale, 0), load(s.inverse_scale, 1)};
  const int32_t* tile = s.tile + c;
  const uint8_t* residual = kResidual ? s.residual + c : nullptr;
  uint8_t* y = s.y + c;
  const auto element = [&](int32_t pixel, int32_t v) __attribute__((always_inline)) {
    const int32_t* from = tile + pixel * s.tile_stride + v * kLanes;
    __m512 value = requantizer.value(_mm512_load_si512(from), scale[v]);
    if constexpr (kResidual) {
      value = add_residual(value, residual + pixel * s.residual_stride + v * kLanes, mask[v],
                           e.residual_quantization);
    }
    return requantizer.template quantize<kBound>(value, inverse_scale[v]);
  };
  int32_t i = 0;
  for (; i + kPixels <= s.pixels; i += kPixels) {
    __m512i v[4];
#pragma GCC unroll 4
    for (int32_t j = 0; j < 4; ++j) v[j] = element(i + j / kVectors, j % kVectors);
    const __m512i bytes = pack_bytes(v);
    const __m256i half[2] = {_mm512_castsi512_si256(bytes), _mm512_extracti64x4_epi64(bytes, 1)};
#pragma GCC unroll 2
    for (int32_t h = 0; h < 2; ++h) {
      uint8_t* to = y + (i + h * kPixels / 2) * s.y_stride;
      if constexpr (kVectors == 2) {
        _mm256_mask_storeu_epi8(to, byte_mask, half[h]);
      } else {
        _mm_mask_storeu_epi8(to, mask[0], _mm256_castsi256_si128(half[h]));
        _mm_mask_storeu_epi8(to + s.y_stride, mask[0], _mm256_extracti128_si256(half[h], 1));
      }
    }
  }
  for (; i < s.pixels; ++i) {
    __m512i v[4];
#pragma GCC unroll 4
    for (int32_t j = 0; j < 4; ++j) v[j] = j < kVectors ? element(i, j) : _mm512_setzero_si512();
    _mm256_mask_storeu_epi8(y + i * s.y_stride, byte_mask, _mm512_castsi512_si256(pack_bytes(v)));
  }
}

template <Activation kKind>
void store_float_columns(const TileStoreU8& s, int32_t c) {
  const Epilogue& e = *s.epilogue;
  const Requantizer<kKind> requantizer(e.zero, e.activation);
  const __mmask16 mask = lanes_left(s.channels - c);
  const __m512 scale = _mm512_loadu_ps(s.scale + c);
  for (int32_t i = 0; i < s.pixels; ++i) {
    __m512 value = requantizer.value(_mm512_load_si512(s.tile + i * s.tile_stride + c), scale);
    if (s.residual != nullptr) {
      value = add_residual(value, s.residual + i * s.residual_stride + c, mask,
                           e.residual_quantization);
    }
    _mm512_mask_storeu_ps(s.y_float + i * s.y_stride + c, mask, value);
  }
}

template <Activation kKind, bool kResidual>
void store_u8_tile(const TileStoreU8& s) {
  int32_t c = 0;
  for (; c + kLanes < s.channels; c += 2 * kLanes) store_u8_columns<kKind, kResidual, 2>(s, c);
  if (c < s.channels) store_u8_columns<kKind, kResidual, 1>(s, c);
}

template <Activation kKind>
void store_quantized(const TileStoreU8& s) {
  if (s.y_float != nullptr) {
    for (int32_t c = 0; c < s.channels; c += kLanes) store_float_columns<kKind>(s, c);
  } else if (s.residual != nullptr) {
    store_u8_tile<kKind, true>(s);
  } else {
    store_u8_tile<kKind, false>(s);
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
