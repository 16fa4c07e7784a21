// Instruction sets that kernel variants are written for, best last, and what this CPU has.
#pragma once

#include <cstdint>

namespace pawl::kernels {

// Frozen values: artifacts store them.
enum class Isa : uint8_t {
  kScalar = 0,
  kAvx2 = 1,        // AVX2 + FMA (x86-64-v3)
  kAvx512 = 2,      // AVX-512 F, BW, DQ, VL (x86-64-v4)
  kAvx512Vnni = 3,  // + VNNI
};

const char* isa_name(Isa isa);

// The best set this CPU and its operating system run.
Isa hardware_isa();

// What dispatch uses: hardware_isa(), lowered by the environment variable PAWL_ISA (scalar, avx2,
// avx512, avx512vnni), which never raises it; an unknown name is ignored here.
Isa best_isa();
bool parse_isa(const char* name, Isa* isa);

}  // namespace pawl::kernels
