#include <arm_neon.h>

#include "bench/kernels/peak.h"

namespace pawl::kernels {
namespace {

void float_neon() {
  float32x4_t sum[kPeakChains];
  for (float32x4_t& s : sum) s = vdupq_n_f32(0.5F);
  float32x4_t factor = vdupq_n_f32(0.999F);
  for (int i = 0; i < kPeakSteps; ++i) {
    asm volatile("" : "+w"(factor));
#pragma GCC unroll 12
    for (float32x4_t& s : sum) s = vfmaq_f32(factor, s, factor);
  }
  for (float32x4_t& s : sum) asm volatile("" : : "w"(s));
}

// smlal on widened bytes.
void bytes_neon() {
  int32x4_t sum[kPeakChains];
  for (int32x4_t& s : sum) s = vdupq_n_s32(0);
  int16x4_t factor = vdup_n_s16(1);
  for (int i = 0; i < kPeakSteps; ++i) {
#pragma GCC unroll 12
    for (int32x4_t& s : sum) {
      asm volatile("" : "+w"(factor));
      s = vmlal_s16(s, factor, factor);
    }
  }
  for (int32x4_t& s : sum) asm volatile("" : : "w"(s));
}

__attribute__((target("arch=armv8.2-a+dotprod"))) void bytes_neondot() {
  int32x4_t sum[kPeakChains];
  for (int32x4_t& s : sum) s = vdupq_n_s32(0);
  int8x16_t factor = vdupq_n_s8(1);
  for (int i = 0; i < kPeakSteps; ++i) {
    asm volatile("" : "+w"(factor));
#pragma GCC unroll 12
    for (int32x4_t& s : sum) s = vdotq_s32(s, factor, factor);
  }
  for (int32x4_t& s : sum) asm volatile("" : : "w"(s));
}

__attribute__((target("arch=armv8.2-a+i8mm"))) void bytes_neoni8mm() {
  int32x4_t sum[kPeakChains];
  for (int32x4_t& s : sum) s = vdupq_n_s32(0);
  uint8x16_t factor = vdupq_n_u8(1);
  for (int i = 0; i < kPeakSteps; ++i) {
    asm volatile("" : "+w"(factor));
#pragma GCC unroll 12
    for (int32x4_t& s : sum) s = vusmmlaq_s32(s, factor, vreinterpretq_s8_u8(factor));
  }
  for (int32x4_t& s : sum) asm volatile("" : : "w"(s));
}

// How many start in a cycle differs from core to core.
constexpr Peak kFloatPeaks[] = {{"float32_neon", Isa::kNeon, 8.0, 0.0, float_neon}};

constexpr Peak kU8Peaks[] = {
    {"u8_neoni8mm", Isa::kNeonI8mm, 64.0, 0.0, bytes_neoni8mm},
    {"u8_neondot", Isa::kNeonDot, 32.0, 0.0, bytes_neondot},
    {"u8_neon", Isa::kNeon, 8.0, 0.0, bytes_neon},
};

}  // namespace

std::span<const Peak> float_peaks() {
  return kFloatPeaks;
}

std::span<const Peak> u8_peaks() {
  return kU8Peaks;
}

}  // namespace pawl::kernels
