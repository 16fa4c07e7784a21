// Variants of kernels/resize.h for the instruction sets of CPUs.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/cpu/isa.h"
#include "kernels/resize.h"

namespace pawl::kernels {

using ResizeFn = void (*)(const ResizeParams&, int32_t part, int32_t parts);
struct ResizeVariant {
  const char* name;
  Isa isa;
  ResizeFn run;
};
std::span<const ResizeVariant> resize_variants();  // best first, scalar last

}  // namespace pawl::kernels
