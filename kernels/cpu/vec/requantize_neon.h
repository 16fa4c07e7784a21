// The operations of requantize_scalar.h on 4 elements (Armv8.0 Advanced SIMD). Include only from
// neon*.cpp compiled with -ffp-contract=off; the anonymous namespace is there for the reason
// given in activation_avx512.h.
//
// FMAXNM and FMINNM give the number where the other operand is a quiet NaN, as the comparisons of
// the specification do with a number for their bound, and nothing here is a signalling one: every
// operand is the result of an operation. They hold +0 above -0, where a comparison gives the bound,
// so a bound that may be -0 is selected by comparison instead.
#pragma once

#include <arm_neon.h>

#include <cstddef>
#include <cstdint>

#include "kernels/cpu/vec/neon.h"
#include "kernels/cpu/vec/rounding.h"
#include "kernels/cpu/vec/sigmoid_table.h"
#include "kernels/panel.h"
#include "kernels/quantized.h"

namespace pawl::kernels::cpu {
namespace {

constexpr int32_t kVectors = kPanelChannels / kLanes;  // of a panel, which is one of bytes

// The coefficients of a segment side by side: a table of 384 bytes is too large for the 64 that one
// table instruction indexes, and an element takes one load instead of three.
struct Segments {
  alignas(64) float at[kSegments][kLanes];
};

constexpr Segments side_by_side(const Quadratics& q) {
  Segments segments{};
  for (int32_t i = 0; i < kSegments; ++i) {
    segments.at[i][0] = q.c0[i];
    segments.at[i][1] = q.c1[i];
    segments.at[i][2] = q.c2[i];
  }
  return segments;
}

[[maybe_unused]] constexpr Segments kSiluGapSegments = side_by_side(kSiluGap);
[[maybe_unused]] constexpr Segments kSigmoidTailSegments = side_by_side(kSigmoidTail);

[[maybe_unused, gnu::always_inline]] inline float32x4_t load_segment(const Segments& segments,
                                                                     uint64_t index) {
  return vld1q_f32(segments.at[index % kSegments]);
}

[[maybe_unused, gnu::always_inline]] inline float32x4_t quadratic(const Segments& segments,
                                                                  float32x4_t x) {
  const float32x4_t a = vminnmq_f32(vabsq_f32(x), vdupq_n_f32(kMagnitudeMax));
  const uint64x2_t indices =
      vreinterpretq_u64_f32(vfmaq_f32(vdupq_n_f32(kIndexMagic), a, vdupq_n_f32(kSegmentsPerUnit)));
  const uint64_t first = vgetq_lane_u64(indices, 0);
  const uint64_t second = vgetq_lane_u64(indices, 1);
  const float32x4_t row[] = {load_segment(segments, first), load_segment(segments, first >> 32),
                             load_segment(segments, second), load_segment(segments, second >> 32)};
  // Transposed, but for the fourth column.
  const float64x2_t even[] = {vreinterpretq_f64_f32(vtrn1q_f32(row[0], row[1])),
                              vreinterpretq_f64_f32(vtrn1q_f32(row[2], row[3]))};
  const float64x2_t odd[] = {vreinterpretq_f64_f32(vtrn2q_f32(row[0], row[1])),
                             vreinterpretq_f64_f32(vtrn2q_f32(row[2], row[3]))};
  const float32x4_t c0 = vreinterpretq_f32_f64(vzip1q_f64(even[0], even[1]));
  const float32x4_t c1 = vreinterpretq_f32_f64(vzip1q_f64(odd[0], odd[1]));
  const float32x4_t c2 = vreinterpretq_f32_f64(vzip2q_f64(even[0], even[1]));
  return vfmaq_f32(c0, vfmaq_f32(c1, c2, a), a);
}

[[maybe_unused, gnu::always_inline]] inline float32x4_t unit_clamp(float32x4_t x) {
  return vminnmq_f32(vmaxnmq_f32(x, vdupq_n_f32(0.0F)), vdupq_n_f32(1.0F));
}

template <Activation kKind>
[[maybe_unused, gnu::always_inline]] inline float32x4_t activate_quantized(
    float32x4_t x, const ActivationParams& params) {
  const float32x4_t zero = vdupq_n_f32(0.0F);
  if constexpr (kKind == Activation::kRelu) {
    return vmaxnmq_f32(x, zero);
  } else if constexpr (kKind == Activation::kLeakyRelu) {
    return vbslq_f32(vcltzq_f32(x), vmulq_n_f32(x, params.alpha), x);
  } else if constexpr (kKind == Activation::kSigmoid) {
    const float32x4_t tail = quadratic(kSigmoidTailSegments, x);
    return vbslq_f32(vcgtzq_f32(x), vsubq_f32(vdupq_n_f32(1.0F), tail), tail);
  } else if constexpr (kKind == Activation::kSilu) {
    return vaddq_f32(vmaxnmq_f32(x, zero), quadratic(kSiluGapSegments, x));
  } else if constexpr (kKind == Activation::kHardSwish) {
    const float32x4_t gate = vfmaq_f32(vdupq_n_f32(0.5F), x, vdupq_n_f32(1.0F / 6.0F));
    return vmulq_f32(x, unit_clamp(gate));
  } else if constexpr (kKind == Activation::kHardSigmoid) {
    return unit_clamp(vfmaq_f32(vdupq_n_f32(params.beta), x, vdupq_n_f32(params.alpha)));
  } else if constexpr (kKind == Activation::kClip) {
    const float32x4_t alpha = vdupq_n_f32(params.alpha);
    const float32x4_t beta = vdupq_n_f32(params.beta);
    const float32x4_t raised = vbslq_f32(vcgtq_f32(x, alpha), x, alpha);
    return vbslq_f32(vcltq_f32(raised, beta), raised, beta);
  } else {
    return x;
  }
}

// Not yet saturated; `rebase` is the magic number's bits less the zero point.
[[maybe_unused, gnu::always_inline]] inline int32x4_t quantize(float32x4_t v,
                                                               float32x4_t inverse_scale,
                                                               int32x4_t rebase) {
  const float32x4_t sum = vfmaq_f32(vdupq_n_f32(kRoundMagic), v, inverse_scale);
  const float32x4_t bounded = vmaxnmq_f32(sum, vdupq_n_f32(kRoundLowest));
  return vsubq_s32(vreinterpretq_s32_f32(bounded), rebase);
}

// A panel saturated to bytes in order.
[[maybe_unused, gnu::always_inline]] inline uint8x16_t pack_bytes(const int32x4_t (&v)[kVectors]) {
  const int16x8_t low = vqmovn_high_s32(vqmovn_s32(v[0]), v[1]);
  const int16x8_t high = vqmovn_high_s32(vqmovn_s32(v[2]), v[3]);
  return vqmovun_high_s16(vqmovun_s16(low), high);
}

// A panel of bytes less a zero point, exact.
[[maybe_unused, gnu::always_inline]] inline void centre_bytes(uint8x16_t bytes, int32_t zero,
                                                              float32x4_t (&centred)[kVectors]) {
  const uint8x16_t zeros = vdupq_n_u8(static_cast<uint8_t>(zero));
  const int16x8_t low = vreinterpretq_s16_u16(vsubl_u8(vget_low_u8(bytes), vget_low_u8(zeros)));
  const int16x8_t high = vreinterpretq_s16_u16(vsubl_high_u8(bytes, zeros));
  centred[0] = vcvtq_f32_s32(vmovl_s16(vget_low_s16(low)));
  centred[1] = vcvtq_f32_s32(vmovl_high_s16(low));
  centred[2] = vcvtq_f32_s32(vmovl_s16(vget_low_s16(high)));
  centred[3] = vcvtq_f32_s32(vmovl_high_s16(high));
}

}  // namespace
}  // namespace pawl::kernels::cpu
