// Variants of kernels/pool.h for the instruction sets of CPUs.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/cpu/isa.h"
#include "kernels/pool.h"

namespace pawl::kernels {

using PoolFn = void (*)(const PoolParams&, int32_t part, int32_t parts);
struct PoolVariant {
  const char* name;
  Isa isa;
  PoolFn run;
};
std::span<const PoolVariant> pool_variants();  // best first, scalar last

}  // namespace pawl::kernels
