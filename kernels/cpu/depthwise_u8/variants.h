// Variants of kernels/depthwise_u8.h for the instruction sets of CPUs.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/cpu/isa.h"
#include "kernels/depthwise_u8.h"

namespace pawl::kernels {

using DepthwiseU8Fn = void (*)(const DepthwiseU8Params&, int32_t part, int32_t parts);
struct DepthwiseU8Variant {
  const char* name;
  Isa isa;
  DepthwiseU8Fn run;
};
std::span<const DepthwiseU8Variant> depthwise_u8_variants();  // best first, scalar last

}  // namespace pawl::kernels
