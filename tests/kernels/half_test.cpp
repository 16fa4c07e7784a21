// Proves: kernels/half.h and the software GPU's conversions, written apart from each other, agree on
// every half, on the floats halfway between two, beside those, and on random ones.
#include "kernels/half.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <random>

#include "tests/softgpu/device/float16.h"

namespace pawl::kernels {
namespace {

void expect_same(float value) {
  if (std::isnan(value)) return;
  ASSERT_EQ(half_bits(value), softgpu::float_to_half(value)) << value;
}

TEST(Half, EveryOne) {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    const float value = half_value(static_cast<uint16_t>(bits));
    if (std::isnan(value)) {
      ASSERT_TRUE((bits & 0x7C00) == 0x7C00 && (bits & 1023) != 0);
      continue;
    }
    ASSERT_EQ(std::bit_cast<uint32_t>(value),
              std::bit_cast<uint32_t>(softgpu::half_to_float(bits)));
    ASSERT_EQ(half_bits(value), bits);
    const float next = half_value(static_cast<uint16_t>(bits + 1));
    const float middle = std::isinf(next) ? std::copysign(65520.0F, value) : (value + next) / 2;
    for (const float x : {middle, std::nextafter(middle, 1e9F), std::nextafter(middle, -1e9F)}) {
      expect_same(x);
    }
  }
}

TEST(Half, RandomFloats) {
  std::mt19937 random(3);
  for (int i = 0; i < 1000000; ++i)
    expect_same(std::bit_cast<float>(static_cast<uint32_t>(random())));
}

}  // namespace
}  // namespace pawl::kernels
