// IEEE binary16 and bfloat16 to float32, bit by bit; exact.
#pragma once

#include <bit>
#include <cstdint>

namespace pawl::engine::onnx {

inline float float_from_half(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000U) << 16;
  const uint32_t exponent = (half >> 10) & 0x1FU;
  const uint32_t fraction = half & 0x3FFU;
  if (exponent == 0) {
    // Zero and subnormals: fraction * 2^-24, which float32 holds as a normal number.
    const float magnitude = static_cast<float>(fraction) * 0x1p-24F;
    return sign != 0 ? -magnitude : magnitude;
  }
  const uint32_t wide = exponent == 0x1F ? 0xFFU : exponent + (127 - 15);
  return std::bit_cast<float>(sign | wide << 23 | fraction << 13);
}

inline float float_from_bfloat16(uint16_t bits) {
  return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}

// Beyond float32's range: infinity, which the conversion alone leaves undefined in C++.
inline float float_from_double(double value) {
  if (value > 0x1.fffffefffffffp+127) return std::bit_cast<float>(0x7F800000U);
  if (value < -0x1.fffffefffffffp+127) return std::bit_cast<float>(0xFF800000U);
  return static_cast<float>(value);
}

}  // namespace pawl::engine::onnx
