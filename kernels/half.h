// IEEE binary16 as bits, for packing and for tests; kernels have it from their instruction set.
#pragma once

#include <cstdint>
#include <cstring>

namespace pawl::kernels {

// To nearest, ties to even; beyond 65504 infinity.
inline uint16_t half_bits(float value) {
  uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof(bits));
  const uint32_t sign = bits >> 16 & 0x8000U;
  const uint32_t magnitude = bits & 0x7FFFFFFFU;
  if (magnitude > 0x7F800000U) return static_cast<uint16_t>(sign | 0x7E00U);   // NaN
  if (magnitude >= 0x477FF000U) return static_cast<uint16_t>(sign | 0x7C00U);  // rounds past 65504
  if (magnitude < 0x33000001U) return static_cast<uint16_t>(sign);             // to zero
  const uint32_t exponent = magnitude >> 23;
  const uint32_t significand = (magnitude & 0x7FFFFFU) | 0x800000U;
  // Subnormals keep fewer bits; the exponent of others moves by the difference of the biases.
  const uint32_t dropped = exponent < 113 ? 126 - exponent : 13;
  const uint32_t base = exponent < 113 ? 0 : (exponent - 113) << 10;
  const uint32_t half_way = 1U << (dropped - 1);
  const uint32_t kept = significand >> dropped;
  const uint32_t rest = significand & ((1U << dropped) - 1);
  const uint32_t up = rest > half_way || (rest == half_way && (kept & 1U) != 0) ? 1 : 0;
  return static_cast<uint16_t>(sign | (base + kept + up));
}

inline float half_value(uint16_t half) {
  const uint32_t sign = uint32_t{half & 0x8000U} << 16;
  uint32_t exponent = half >> 10 & 31U;
  uint32_t fraction = half & 1023U;
  if (exponent == 0 && fraction != 0) {
    exponent = 1;
    for (; (fraction & 1024U) == 0; fraction <<= 1) --exponent;
    fraction &= 1023U;
    exponent += 112;
  } else if (exponent == 31) {
    exponent = 255;
  } else if (exponent != 0) {
    exponent += 112;
  }
  const uint32_t bits = sign | exponent << 23 | fraction << 13;
  float value = 0.0F;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

}  // namespace pawl::kernels
