// Rounding to integers, as every requantization does it (requantize_scalar.h): a fused multiplication
// adds kRoundMagic, whose last place is 1, so that the sum is the product rounded to an integer, ties
// to even, and the integer lies in the low bits of the float. Floats of one sign compare as their
// bits do, so what is too large for an integer stays large and saturates; kRoundLowest, the bound
// from below, keeps the sum positive.
#pragma once

#include <cstdint>

namespace pawl::kernels::cpu {
namespace {

constexpr float kRoundMagic = 0x1.8p23F;
constexpr int32_t kRoundMagicBits = 0x4B400000;
constexpr float kRoundLowest = kRoundMagic - 32768.0F;

}  // namespace
}  // namespace pawl::kernels::cpu
