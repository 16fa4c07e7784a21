// What the lanes.h algorithms are written in, on 4 floats (Advanced SIMD). Include only from
// neon.cpp; the anonymous namespace is there for the reason given in activation_avx512.h.
#pragma once

#include <arm_neon.h>
#include <stddef.h>
#include <stdint.h>

namespace pawl::kernels::cpu {
namespace {

constexpr int32_t kLanes = 4;
using Lanes = float32x4_t;

struct DoubleLanes {
  float64x2_t low, high;
};

[[maybe_unused]] Lanes load(const float* x) {
  return vld1q_f32(x);
}
[[maybe_unused]] void store(float* y, Lanes v) {
  vst1q_f32(y, v);
}
// Reads and writes n floats, 0 < n <= kLanes; the lanes past them are 0.
[[maybe_unused]] Lanes load_first(const float* x, int32_t n) {
  if (n == kLanes) return vld1q_f32(x);
  if (n == 1) return vld1q_lane_f32(x, vdupq_n_f32(0.0F), 0);
  const Lanes two = vcombine_f32(vld1_f32(x), vdup_n_f32(0.0F));
  return n == 2 ? two : vld1q_lane_f32(x + 2, two, 2);
}
[[maybe_unused]] void store_first(float* y, Lanes v, int32_t n) {
  if (n == kLanes) return vst1q_f32(y, v);
  if (n == 1) return vst1q_lane_f32(y, v, 0);
  vst1_f32(y, vget_low_f32(v));
  if (n == 3) vst1q_lane_f32(y + 2, v, 2);
}

[[maybe_unused]] Lanes fill(float x) {
  return vdupq_n_f32(x);
}
[[maybe_unused]] Lanes add(Lanes a, Lanes b) {
  return vaddq_f32(a, b);
}
[[maybe_unused]] Lanes subtract(Lanes a, Lanes b) {
  return vsubq_f32(a, b);
}
[[maybe_unused]] Lanes multiply(Lanes a, Lanes b) {
  return vmulq_f32(a, b);
}
[[maybe_unused]] Lanes divide(Lanes a, Lanes b) {
  return vdivq_f32(a, b);
}
[[maybe_unused]] Lanes minimum(Lanes a, Lanes b) {
  return vminq_f32(a, b);
}
[[maybe_unused]] Lanes maximum(Lanes a, Lanes b) {
  return vmaxq_f32(a, b);
}
// a * b + c
[[maybe_unused]] Lanes multiply_add(Lanes a, Lanes b, Lanes c) {
  return vfmaq_f32(c, a, b);
}

[[maybe_unused]] float largest_lane(Lanes v) {
  return vmaxvq_f32(v);
}
[[maybe_unused]] float sum_of_lanes(Lanes v) {
  return vaddvq_f32(v);
}

[[maybe_unused]] DoubleLanes zero_doubles() {
  return {vdupq_n_f64(0.0), vdupq_n_f64(0.0)};
}
[[maybe_unused]] DoubleLanes add(DoubleLanes sum, Lanes v) {
  return {vaddq_f64(sum.low, vcvt_f64_f32(vget_low_f32(v))),
          vaddq_f64(sum.high, vcvt_high_f64_f32(v))};
}
[[maybe_unused]] Lanes divide(DoubleLanes sum, double divisor) {
  const float64x2_t d = vdupq_n_f64(divisor);
  return vcvt_high_f32_f64(vcvt_f32_f64(vdivq_f64(sum.low, d)), vdivq_f64(sum.high, d));
}

[[maybe_unused]] Lanes gather(const float* x, const int32_t* index) {
  Lanes v = vld1q_dup_f32(x + index[0]);
  v = vld1q_lane_f32(x + index[1], v, 1);
  v = vld1q_lane_f32(x + index[2], v, 2);
  return vld1q_lane_f32(x + index[3], v, 3);
}

}  // namespace
}  // namespace pawl::kernels::cpu
