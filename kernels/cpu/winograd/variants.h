// Variants of kernels/winograd.h for the instruction sets of CPUs.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/cpu/isa.h"
#include "kernels/winograd.h"

namespace pawl::kernels {

using WinogradFn = void (*)(const WinogradParams&, int32_t part, int32_t parts);

struct WinogradVariant {
  const char* name;
  Isa isa;
  WinogradFn run;
};

// Best first; the last is scalar: the same transforms in double precision.
std::span<const WinogradVariant> winograd_variants();

}  // namespace pawl::kernels
