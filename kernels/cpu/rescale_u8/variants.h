// Variants of kernels/rescale_u8.h for the instruction sets of CPUs.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/cpu/isa.h"
#include "kernels/rescale_u8.h"

namespace pawl::kernels {

struct RescaleU8Variant {
  const char* name;
  Isa isa;
  void (*binary)(const BinaryU8Params&, int32_t part, int32_t parts);
  void (*average_pool)(const AveragePoolU8Params&, int32_t part, int32_t parts);
  void (*table)(const TableU8Params&, int32_t part, int32_t parts);
};
std::span<const RescaleU8Variant> rescale_u8_variants();  // best first, scalar last

}  // namespace pawl::kernels
