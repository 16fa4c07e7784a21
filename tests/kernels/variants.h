// Walking the variants of a kernel family that this CPU runs, in every split worth testing.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/cpu/isa.h"

namespace pawl::kernels {

inline constexpr int32_t kSplits[] = {1, 2, 3, 7, 64};

template <typename Variant>
std::vector<Variant> runnable(std::span<const Variant> variants) {
  std::vector<Variant> result;
  for (const Variant& variant : variants) {
    if (usable(variant.isa)) result.push_back(variant);
  }
  EXPECT_FALSE(result.empty());
  EXPECT_EQ(variants.back().isa, Isa::kScalar);
  return result;
}

// Parts run from the last to the first: an order that only independent parts survive.
template <typename Fn, typename Params>
void run_parts(Fn run, const Params& params, int32_t parts) {
  for (int32_t part = parts - 1; part >= 0; --part) run(params, part, parts);
}

// False for a NaN on either side; infinities must be equal.
inline bool is_near(float value, double expected, double tolerance) {
  if (std::isinf(expected)) return static_cast<double>(value) == expected;
  return std::fabs(static_cast<double>(value) - expected) <= tolerance;
}

}  // namespace pawl::kernels
