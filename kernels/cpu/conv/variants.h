// Variants of kernels/conv.h for the instruction sets of CPUs.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/conv.h"
#include "kernels/cpu/isa.h"

namespace pawl::kernels {

using ConvFn = void (*)(const ConvParams&, int32_t part, int32_t parts);

struct ConvVariant {
  const char* name;
  Isa isa;
  ConvFn run;
};

// Best first; the last is scalar and is the specification.
std::span<const ConvVariant> conv_variants();

}  // namespace pawl::kernels
