// Variants of kernels/letterbox.h for the instruction sets of CPUs.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/cpu/isa.h"
#include "kernels/letterbox.h"

namespace pawl::kernels {

using LetterboxFn = void (*)(const LetterboxParams&, int32_t part, int32_t parts);
struct LetterboxVariant {
  const char* name;
  Isa isa;
  LetterboxFn run;
};
std::span<const LetterboxVariant> letterbox_variants();  // best first, scalar last

}  // namespace pawl::kernels
