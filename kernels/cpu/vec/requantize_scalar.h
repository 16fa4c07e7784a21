// The end of a quantized kernel, one element at a time: the specification of kernels/quantized.h.
// Each line below is one IEEE float32 operation; the other instruction sets perform the same ones
// in the same order, so the results are equal bit for bit. Compile with -ffp-contract=off: a
// compiler that fuses a multiplication and an addition on its own changes the last bit.
//
// `static`, not `inline`: files of every instruction set may include it, and none may export it.
#pragma once

#include <cstdint>
#include <cstring>

#include "kernels/cpu/vec/rounding.h"
#include "kernels/cpu/vec/sigmoid_table.h"
#include "kernels/quantized.h"

namespace pawl::kernels::cpu {

[[maybe_unused]] static int32_t bits_of(float x) {
  int32_t bits = 0;
  std::memcpy(&bits, &x, sizeof(bits));
  return bits;
}

[[maybe_unused]] static float quadratic_scalar(const Quadratics& table, float x) {
  const float magnitude = __builtin_fabsf(x);
  const float a = magnitude < kMagnitudeMax ? magnitude : kMagnitudeMax;
  const float rounded = __builtin_fmaf(a, kSegmentsPerUnit, kIndexMagic);
  const int32_t i = bits_of(rounded) & (kSegments - 1);
  const float slope = __builtin_fmaf(table.c2[i], a, table.c1[i]);
  return __builtin_fmaf(slope, a, table.c0[i]);
}

[[maybe_unused]] static float unit_clamp(float x) {
  const float raised = x > 0.0F ? x : 0.0F;
  return raised < 1.0F ? raised : 1.0F;
}

[[maybe_unused]] static float activate_quantized(float x, const ActivationParams& params) {
  switch (params.kind) {
    case Activation::kRelu:
      return x > 0.0F ? x : 0.0F;
    case Activation::kLeakyRelu:
      return x < 0.0F ? x * params.alpha : x;
    case Activation::kSigmoid: {
      const float tail = quadratic_scalar(kSigmoidTail, x);
      return x > 0.0F ? 1.0F - tail : tail;
    }
    case Activation::kSilu:
      return (x > 0.0F ? x : 0.0F) + quadratic_scalar(kSiluGap, x);
    case Activation::kHardSwish:
      return x * unit_clamp(__builtin_fmaf(x, 1.0F / 6.0F, 0.5F));
    case Activation::kHardSigmoid:
      return unit_clamp(__builtin_fmaf(x, params.alpha, params.beta));
    case Activation::kClip: {
      const float raised = x > params.alpha ? x : params.alpha;
      return raised < params.beta ? raised : params.beta;
    }
    default:
      return x;
  }
}

// Real value -> u8.
[[maybe_unused]] static uint8_t quantize_scalar(float x, float inverse_scale, int32_t zero) {
  const float sum = __builtin_fmaf(x, inverse_scale, kRoundMagic);
  const float rounded = sum > kRoundLowest ? sum : kRoundLowest;
  const int32_t value = bits_of(rounded) - (kRoundMagicBits - zero);
  return static_cast<uint8_t>(value < 0 ? 0 : (value > 255 ? 255 : value));
}

// Accumulator -> real value. `residual` is of this element; null: none.
[[maybe_unused]] static float finish_scalar(int32_t acc, float scale, const uint8_t* residual,
                                            const Epilogue& epilogue) {
  float value = static_cast<float>(acc) * scale;
  value = activate_quantized(value, epilogue.activation);
  if (residual == nullptr) return value;
  const Quantization& quantization = epilogue.residual_quantization;
  const float addend = static_cast<float>(int32_t{*residual} - quantization.zero);
  return __builtin_fmaf(addend, quantization.scale, value);
}

}  // namespace pawl::kernels::cpu
