// Instruction sets that kernel variants are written for, and which of them this CPU runs.
//
// They form a tree: each set includes the one it extends. Variant tables are ordered best first and
// dispatch takes the first variant whose set is usable.
#pragma once

#include <cstdint>
#include <iterator>

namespace pawl::kernels {

// Frozen values: artifacts store them.
enum class Isa : uint8_t {
  kScalar = 0,
  kAvx2 = 1,        // AVX2 + FMA (x86-64-v3)
  kAvx512 = 2,      // AVX-512 F, BW, DQ, VL (x86-64-v4); extends AVX2
  kAvx512Vnni = 3,  // + VNNI
  kAvxVnni = 4,     // AVX2 + AVX-VNNI, 256 bits: client CPUs without AVX-512
  kNeon = 16,       // Armv8.0-A Advanced SIMD, in every arm64 CPU
  kNeonDot = 17,    // + dot products (Armv8.2-A DotProd)
  kNeonI8mm = 18,   // + 8-bit matrix products (Armv8.6-A I8MM)
};

const char* isa_name(Isa isa);
bool parse_isa(const char* name, Isa* isa);
bool is_isa(uint32_t value);  // one of the enumerators

// True when a machine that has `have` runs code written for `need`.
bool includes(Isa have, Isa need);

// What this CPU and its operating system run.
bool hardware_has(Isa isa);
Isa hardware_isa();  // the best of them

// What dispatch may use: what the hardware has, lowered by the environment variable PAWL_ISA (a
// name of isa_name()) to that set and what it includes. It never raises; a name that is unknown or
// that the hardware lacks is ignored.
bool usable(Isa isa);

// The best usable variant of a table: best first, a scalar one last.
template <typename Variants>
const auto& best_usable(const Variants& variants) {
  const auto* variant = std::data(variants);
  while (variant->isa != Isa::kScalar && !usable(variant->isa)) ++variant;
  return *variant;
}

}  // namespace pawl::kernels
