// IEEE binary16 to and from float and double; a sum that double cannot hold, rounded once.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

namespace pawl::softgpu {

inline float half_to_float(uint32_t half) {
  // The exponent is moved by a multiplication, which makes subnormals right as well.
  const float magnitude = std::bit_cast<float>((half & 0x7FFFU) << 13) * 0x1p112F;
  const uint32_t bits = std::bit_cast<uint32_t>(magnitude) | (half & 0x8000U) << 16;
  return std::bit_cast<float>((half & 0x7C00U) == 0x7C00U ? bits | 0x7F800000U : bits);
}

enum class Rounding : uint8_t { kNearest, kZero, kDown, kUp, kAway };

// x / unit, rounded to an integer.
inline double round_scaled(double x, Rounding rounding) {
  switch (rounding) {
    case Rounding::kNearest:
      return std::nearbyint(x);
    case Rounding::kZero:
      return std::trunc(x);
    case Rounding::kDown:
      return std::floor(x);
    case Rounding::kUp:
      return std::ceil(x);
    case Rounding::kAway:
      return std::round(x);
  }
  return x;
}

inline uint16_t double_to_half(double value, Rounding rounding = Rounding::kNearest) {
  const uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  if (std::isnan(value)) return 0x7FFF;
  if (std::isinf(value)) return static_cast<uint16_t>(sign | 0x7C00);
  if (value == 0.0) return sign;
  const int exponent = std::max(std::ilogb(value), -14);
  // At this exponent a half's last place is 2^(exponent - 10).
  double rounded =
      std::ldexp(round_scaled(std::ldexp(value, 10 - exponent), rounding), exponent - 10);
  const double magnitude = std::fabs(rounded);
  if (magnitude > 65504.0) {
    const bool to_infinity = rounding == Rounding::kNearest || rounding == Rounding::kAway ||
                             (rounding == Rounding::kUp && sign == 0) ||
                             (rounding == Rounding::kDown && sign != 0);
    return static_cast<uint16_t>(sign | (to_infinity ? 0x7C00 : 0x7BFF));
  }
  if (magnitude == 0.0) return sign;
  const int e = std::max(std::ilogb(magnitude), -14);
  const int mantissa = static_cast<int>(std::ldexp(magnitude, 10 - e));  // 1024..2047, or less
  const int biased = mantissa < 1024 ? 0 : e + 15;
  return static_cast<uint16_t>(sign | biased << 10 | (mantissa & 1023));
}

// The same, to nearest, from float: what epilogues do most.
inline uint16_t float_to_half(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t sign = bits >> 16 & 0x8000;
  const uint32_t magnitude = bits & 0x7FFFFFFF;
  uint32_t half = 0;
  if (magnitude > 0x7F800000) return 0x7FFF;
  if (magnitude >= 0x47800000) {  // 65536
    half = 0x7C00;
  } else if (magnitude < 0x38800000) {  // 2^-14: 1/2 has its last place where subnormals have it
    half = std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) + 0.5F) - 0x3F000000;
  } else {
    half = (magnitude + 0xFFF + (magnitude >> 13 & 1) - 0x38000000) >> 13;
  }
  return static_cast<uint16_t>(sign | half);
}

// a + b with the lost bits kept as a sticky last bit (round to odd), so that rounding the result to
// a narrower format is as rounding the exact sum.
inline double add_to_odd(double a, double b) {
  const double sum = a + b;
  if (!std::isfinite(sum)) return sum;
  const double from_b = sum - a;
  const double error = (a - (sum - from_b)) + (b - from_b);
  const uint64_t bits = std::bit_cast<uint64_t>(sum);
  if (error == 0.0 || (bits & 1) != 0) return sum;
  // Even and inexact: one step toward the error makes it odd.
  const bool grow = (error > 0.0) == (sum > 0.0);
  return std::bit_cast<double>(grow ? bits + 1 : bits - 1);
}

// a * b + c, rounded once: the product of two floats or halves is exact in double.
inline float fma_float(float a, float b, float c) {
  return static_cast<float>(
      add_to_odd(static_cast<double>(a) * static_cast<double>(b), static_cast<double>(c)));
}

}  // namespace pawl::softgpu
