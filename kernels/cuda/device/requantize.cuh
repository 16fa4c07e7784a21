// The end of a quantized kernel: cpu/vec/requantize_scalar.h, operation by operation. Intrinsics name
// each IEEE operation, so that nvcc fuses and reorders none: the results are the same bits.
#pragma once

#include <cstdint>

#include "kernels/cpu/vec/sigmoid_table.h"
#include "kernels/quantized.h"

namespace pawl::kernels::cuda {

// In global memory, not constant: lanes look up different segments.
__device__ const cpu::Quadratics silu_gap = cpu::kSiluGap;
__device__ const cpu::Quadratics sigmoid_tail = cpu::kSigmoidTail;

__device__ inline float quadratic(const cpu::Quadratics& table, float x) {
  const float magnitude = fabsf(x);
  const float a = magnitude < cpu::kMagnitudeMax ? magnitude : cpu::kMagnitudeMax;
  const int i =
      __float_as_int(__fmaf_rn(a, cpu::kSegmentsPerUnit, cpu::kIndexMagic)) & (cpu::kSegments - 1);
  const float slope = __fmaf_rn(table.c2[i], a, table.c1[i]);
  return __fmaf_rn(slope, a, table.c0[i]);
}

__device__ inline float unit_clamp(float x) {
  const float raised = x > 0.0F ? x : 0.0F;
  return raised < 1.0F ? raised : 1.0F;
}

template <int kCount>
__device__ inline void activate_quantized(float (&v)[kCount], const ActivationParams& params) {
  const auto each = [&](auto f) {
#pragma unroll
    for (int i = 0; i < kCount; ++i) v[i] = f(v[i]);
  };
  const float alpha = params.alpha, beta = params.beta;
  switch (params.kind) {
    case Activation::kRelu:
      each([](float x) { return x > 0.0F ? x : 0.0F; });
      break;
    case Activation::kLeakyRelu:
      each([=](float x) { return x < 0.0F ? __fmul_rn(x, alpha) : x; });
      break;
    case Activation::kSigmoid:
      each([](float x) {
        const float tail = quadratic(sigmoid_tail, x);
        return x > 0.0F ? __fsub_rn(1.0F, tail) : tail;
      });
      break;
    case Activation::kSilu:
      each([](float x) { return __fadd_rn(x > 0.0F ? x : 0.0F, quadratic(silu_gap, x)); });
      break;
    case Activation::kHardSwish:
      each([](float x) { return __fmul_rn(x, unit_clamp(__fmaf_rn(x, 1.0F / 6.0F, 0.5F))); });
      break;
    case Activation::kHardSigmoid:
      each([=](float x) { return unit_clamp(__fmaf_rn(x, alpha, beta)); });
      break;
    case Activation::kClip:
      each([=](float x) {
        const float raised = x > alpha ? x : alpha;
        return raised < beta ? raised : beta;
      });
      break;
    default:
      break;
  }
}

// Real value -> u8.
__device__ inline uint32_t quantize(float x, float inverse_scale, int zero) {
  constexpr float kRoundMagic = 0x1.8p23F;
  constexpr int kRoundMagicBits = 0x4B400000;
  const float sum = __fmaf_rn(x, inverse_scale, kRoundMagic);
  const float lowest = kRoundMagic - 32768.0F;
  const int value = __float_as_int(sum > lowest ? sum : lowest) - (kRoundMagicBits - zero);
  return static_cast<uint32_t>(min(max(value, 0), 255));
}

}  // namespace pawl::kernels::cuda
