// Variants of kernels/attention.h for the instruction sets of CPUs.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/attention.h"
#include "kernels/cpu/isa.h"

namespace pawl::kernels {

using AttentionFn = void (*)(const AttentionParams&, int32_t part, int32_t parts);
struct AttentionVariant {
  const char* name;
  Isa isa;
  AttentionFn run;
};
std::span<const AttentionVariant> attention_variants();  // best first, scalar last

}  // namespace pawl::kernels
