// Variants of kernels/depthwise.h for the instruction sets of CPUs.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/cpu/isa.h"
#include "kernels/depthwise.h"

namespace pawl::kernels {

using DepthwiseFn = void (*)(const DepthwiseParams&, int32_t part, int32_t parts);
struct DepthwiseVariant {
  const char* name;
  Isa isa;
  DepthwiseFn run;
};
std::span<const DepthwiseVariant> depthwise_variants();  // best first, scalar last

}  // namespace pawl::kernels
