// Pixelwise u8 operations, Armv8.0 Advanced SIMD.
#include <arm_neon.h>

#include "kernels/cpu/vec/requantize_neon.h"

namespace pawl::kernels::cpu {
namespace {

constexpr int32_t kByteLanes = 16;
using Bytes = uint8x16_t;

struct Quantizer {
  Quantizer(float inverse, int32_t zero)
      : inverse_scale(vdupq_n_f32(inverse)), rebase(vdupq_n_s32(kRoundMagicBits - zero)) {}
  float32x4_t inverse_scale;
  int32x4_t rebase;
};

Bytes load(const uint8_t* x) {
  return vld1q_u8(x);
}
void store(uint8_t* y, Bytes v) {
  vst1q_u8(y, v);
}
Bytes load_first(const uint8_t* x, int32_t n) {
  uint8_t all[kByteLanes] = {};
  __builtin_memcpy(all, x, static_cast<size_t>(n));
  return vld1q_u8(all);
}
void store_first(uint8_t* y, Bytes v, int32_t n) {
  uint8_t all[kByteLanes];
  vst1q_u8(all, v);
  __builtin_memcpy(y, all, static_cast<size_t>(n));
}
Bytes maximum(Bytes a, Bytes b) {
  return vmaxq_u8(a, b);
}
Bytes zero_bytes() {
  return vdupq_n_u8(0);
}

using Block = Bytes;
Block load_block(const uint8_t* x) {
  return vld1q_u8(x);
}
void store_block(uint8_t* y, Block v) {
  vst1q_u8(y, v);
}
Block either(Block a, Block b) {
  return vorrq_u8(a, b);
}
Block chosen(Block v, Block order) {
  return vqtbl1q_u8(v, order);
}

Bytes quantize_lanes(const float* x, const Quantizer& quantizer) {
  int32x4_t v[kVectors];
#pragma GCC unroll 4
  for (int32_t j = 0; j < kVectors; ++j) {
    v[j] = quantize(vld1q_f32(x + j * kLanes), quantizer.inverse_scale, quantizer.rebase);
  }
  return pack_bytes(v);
}

void dequantize_lanes(const uint8_t* x, float* y, const Quantization& quantization) {
  float32x4_t centred[kVectors];
  centre_bytes(load(x), quantization.zero, centred);
#pragma GCC unroll 4
  for (int32_t j = 0; j < kVectors; ++j) {
    vst1q_f32(y + j * kLanes, vmulq_n_f32(centred[j], quantization.scale));
  }
}

}  // namespace
}  // namespace pawl::kernels::cpu

// After the vectors it is written in.
#include "kernels/cpu/pixelwise_u8/lanes.h"

namespace pawl::kernels::cpu {

void quantize_u8_neon(const QuantizeParams& params, int32_t part, int32_t parts) {
  quantize_pixels(params, part, parts);
}

void dequantize_u8_neon(const DequantizeParams& params, int32_t part, int32_t parts) {
  dequantize_pixels(params, part, parts);
}

void copy_u8_neon(const CopyU8Params& params, int32_t part, int32_t parts) {
  copy_pixels(params, part, parts);
}

void max_pool_u8_neon(const MaxPoolU8Params& params, int32_t part, int32_t parts) {
  max_pool_rows(params, part, parts);
}

void nearest_u8_neon(const NearestU8Params& params, int32_t part, int32_t parts) {
  nearest_rows(params, part, parts);
}

}  // namespace pawl::kernels::cpu
