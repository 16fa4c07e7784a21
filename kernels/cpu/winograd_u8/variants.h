// Variants of kernels/winograd_u8.h for the instruction sets of CPUs.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/cpu/isa.h"
#include "kernels/winograd_u8.h"

namespace pawl::kernels {

using WinogradU8Fn = void (*)(const WinogradU8Params&, int32_t part, int32_t parts);
struct WinogradU8Variant {
  const char* name;
  Isa isa;
  WinogradU8Fn run;
  int32_t channels_min;  // fewer input channels are quicker by the direct form
};
std::span<const WinogradU8Variant> winograd_u8_variants();  // best first, scalar last

}  // namespace pawl::kernels
