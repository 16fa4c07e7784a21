// Variants of kernels/pixelwise.h for the instruction sets of CPUs.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/cpu/isa.h"
#include "kernels/pixelwise.h"

namespace pawl::kernels {

struct PixelwiseVariant {
  const char* name;
  Isa isa;
  void (*unary)(const UnaryParams&, int32_t part, int32_t parts);
  void (*binary)(const BinaryParams&, int32_t part, int32_t parts);
  void (*gather)(const GatherParams&, int32_t part, int32_t parts);
  void (*focus)(const FocusParams&, int32_t part, int32_t parts);
};
std::span<const PixelwiseVariant> pixelwise_variants();  // best first, scalar last

}  // namespace pawl::kernels
