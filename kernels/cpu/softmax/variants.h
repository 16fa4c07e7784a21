// Variants of kernels/softmax.h for the instruction sets of CPUs.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/cpu/isa.h"
#include "kernels/softmax.h"

namespace pawl::kernels {

using SoftmaxFn = void (*)(const SoftmaxParams& params, int32_t part, int32_t parts);
struct SoftmaxVariant {
  const char* name;
  Isa isa;
  SoftmaxFn run;
};
std::span<const SoftmaxVariant> softmax_variants();  // best first, scalar last

}  // namespace pawl::kernels
