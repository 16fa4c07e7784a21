// Tile stores of tile_store_u8.h for Advanced SIMD. Include only from neon*.cpp, as
// requantize_neon.h.
#pragma once

#include <arm_neon.h>

#include "kernels/cpu/vec/requantize_neon.h"
#include "kernels/cpu/vec/tile_store_u8.h"
#include "kernels/panel.h"

namespace pawl::kernels::cpu {
namespace {

// A panel of bytes, of which n are stored.
[[maybe_unused, gnu::always_inline]] inline void store_bytes(uint8_t* y, uint8x16_t bytes,
                                                             int32_t n) {
  if (n >= kPanelChannels) {
    vst1q_u8(y, bytes);
    return;
  }
  uint8_t all[kPanelChannels];
  vst1q_u8(all, bytes);
  for (int32_t i = 0; i < n; ++i) y[i] = all[i];
}

// A panel of bytes, of which n are read.
[[maybe_unused, gnu::always_inline]] inline uint8x16_t load_bytes(const uint8_t* x, int32_t n) {
  if (n >= kPanelChannels) return vld1q_u8(x);
  uint8_t all[kPanelChannels] = {};
  for (int32_t i = 0; i < n; ++i) all[i] = x[i];
  return vld1q_u8(all);
}

[[maybe_unused, gnu::always_inline]] inline void load_factors(const float* from,
                                                              float32x4_t (&factors)[kVectors]) {
#pragma GCC unroll 4
  for (int32_t v = 0; v < kVectors; ++v) factors[v] = vld1q_f32(from + v * kLanes);
}

// The real values of a panel of channels from c on of one pixel.
template <Activation kKind>
[[gnu::always_inline]] inline void finish_panel(const TileStoreU8& s, int32_t pixel, int32_t c,
                                                const float32x4_t (&scale)[kVectors],
                                                float32x4_t (&value)[kVectors]) {
  const Epilogue& e = *s.epilogue;
  const int32_t* tile = s.tile + pixel * s.tile_stride + c;
#pragma GCC unroll 4
  for (int32_t v = 0; v < kVectors; ++v) {
    const float32x4_t acc = vcvtq_f32_s32(vld1q_s32(tile + v * kLanes));
    value[v] = activate_quantized<kKind>(vmulq_f32(acc, scale[v]), e.activation);
  }
  if (s.residual == nullptr) return;
  const Quantization& q = e.residual_quantization;
  float32x4_t centred[kVectors];
  centre_bytes(load_bytes(s.residual + pixel * s.residual_stride + c, s.channels - c), q.zero,
               centred);
#pragma GCC unroll 4
  for (int32_t v = 0; v < kVectors; ++v) {
    value[v] = vfmaq_f32(value[v], centred[v], vdupq_n_f32(q.scale));
  }
}

template <Activation kKind>
void store_u8_panel(const TileStoreU8& s, int32_t c) {
  const int32x4_t rebase = vdupq_n_s32(kRoundMagicBits - s.epilogue->zero);
  float32x4_t scale[kVectors];
  float32x4_t inverse_scale[kVectors];
  load_factors(s.scale + c, scale);
  load_factors(s.inverse_scale + c, inverse_scale);
  for (int32_t i = 0; i < s.pixels; ++i) {
    float32x4_t value[kVectors];
    finish_panel<kKind>(s, i, c, scale, value);
    int32x4_t quantized[kVectors];
#pragma GCC unroll 4
    for (int32_t v = 0; v < kVectors; ++v) {
      quantized[v] = quantize(value[v], inverse_scale[v], rebase);
    }
    store_bytes(s.y + i * s.y_stride + c, pack_bytes(quantized), s.channels - c);
  }
}

template <Activation kKind>
void store_float_panel(const TileStoreU8& s, int32_t c) {
  float32x4_t scale[kVectors];
  load_factors(s.scale + c, scale);
  for (int32_t i = 0; i < s.pixels; ++i) {
    float32x4_t value[kVectors];
    finish_panel<kKind>(s, i, c, scale, value);
    float* y = s.y_float + i * s.y_stride + c;
    float all[kPanelChannels];
    const bool whole = s.channels - c >= kPanelChannels;
    float* to = whole ? y : all;
#pragma GCC unroll 4
    for (int32_t v = 0; v < kVectors; ++v) vst1q_f32(to + v * kLanes, value[v]);
    if (whole) continue;
    for (int32_t j = 0; j < s.channels - c; ++j) y[j] = all[j];
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
