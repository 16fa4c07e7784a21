// Variants of kernels/dense.h for the instruction sets of CPUs.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/cpu/isa.h"
#include "kernels/dense.h"

namespace pawl::kernels {

using MatmulFn = void (*)(const MatmulParams& params, int32_t part, int32_t parts);
struct MatmulVariant {
  const char* name;
  Isa isa;
  MatmulFn run;
};
std::span<const MatmulVariant> matmul_variants();  // best first, scalar last

}  // namespace pawl::kernels
