// Sigmoid and SiLU for quantized epilogues, as quadratics on 32 segments of the magnitude a = |x|.
//   silu(x)    = max(x, 0) + gap(a)              gap(a)  = -a * sigmoid(-a), even and 0 at infinity
//   sigmoid(x) = x > 0 ? 1 - tail(a) : tail(a)   tail(a) = sigmoid(-a)
// Segment i is centred on i * kSegmentWidth and a is held at kMagnitudeMax, where both functions
// are as good as 0. A quadratic goes through the function at the three Chebyshev nodes of its
// segment, which is within a hair of the best one, and is written in a itself, not in the distance
// from the centre: that saves an instruction, and the cancellation costs 1e-6. Error over all x:
// silu 1e-4, sigmoid 4e-5 (tests/kernels/conv_u8_test.cpp measures them).
//
// The index comes from adding kIndexMagic: rounded to an integer, in the low bits of the float.
#pragma once

#include <cstdint>

namespace pawl::kernels::cpu {
namespace {

constexpr int32_t kSegments = 32;
constexpr float kSegmentWidth = 0.375F;
constexpr float kSegmentsPerUnit = 1.0F / kSegmentWidth;
constexpr float kMagnitudeMax = 31.25F * kSegmentWidth;  // short of the tie that rounds to 32
constexpr float kIndexMagic = 0x1p23F;

// c0[i] + c1[i] * a + c2[i] * a^2.
struct Quadratics {
  alignas(64) float c0[kSegments];
  alignas(64) float c1[kSegments];
  alignas(64) float c2[kSegments];
};

// e^-a for 0 <= a < 16: a series for a/32, squared five times; relative error 1e-14.
constexpr double exp_minus(double a) {
  const double t = -a / 32.0;
  double term = 1.0;
  double sum = 1.0;
  for (int n = 1; n < 20; ++n) {
    term *= t / n;
    sum += term;
  }
  for (int n = 0; n < 5; ++n) sum *= sum;
  return sum;
}

constexpr double sigmoid_tail(double a) {
  return exp_minus(a) / (1.0 + exp_minus(a));
}
// By symmetry, where the node of the first segment lies left of 0.
constexpr double tail_at(double a) {
  return a < 0.0 ? 1.0 - sigmoid_tail(-a) : sigmoid_tail(a);
}
constexpr double gap_at(double a) {
  return -a * tail_at(a);
}

constexpr Quadratics fit(double (*function)(double)) {
  Quadratics table{};
  const double width = static_cast<double>(kSegmentWidth);
  const double spread = 0.86602540378443864676 * width / 2.0;  // cos(pi/6) of half a segment
  for (int i = 0; i < kSegments; ++i) {
    const double centre = i * width;
    const double low = function(centre - spread);
    const double middle = function(centre);
    const double high = function(centre + spread);
    const double slope = (high - low) / (2.0 * spread);
    const double curve = (high - 2.0 * middle + low) / (2.0 * spread * spread);
    table.c0[i] = static_cast<float>(middle - slope * centre + curve * centre * centre);
    table.c1[i] = static_cast<float>(slope - 2.0 * curve * centre);
    table.c2[i] = static_cast<float>(curve);
  }
  return table;
}

[[maybe_unused]] constexpr Quadratics kSiluGap = fit(gap_at);
[[maybe_unused]] constexpr Quadratics kSigmoidTail = fit(tail_at);

}  // namespace
}  // namespace pawl::kernels::cpu
