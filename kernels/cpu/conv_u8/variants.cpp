#include "kernels/cpu/conv_u8/variants.h"

#include "kernels/cpu/conv_u8/entries.h"

namespace pawl::kernels {
namespace {

constexpr ConvU8Variant kVariants[] = {
#if defined(__x86_64__)
    {"avx512vnni_14x32", Isa::kAvx512Vnni, cpu::conv_u8_avx512vnni},
    {"avxvnni_6x16", Isa::kAvxVnni, cpu::conv_u8_avxvnni},
    {"avx2_3x16", Isa::kAvx2, cpu::conv_u8_avx2},
#elif defined(__aarch64__)
    {"neoni8mm_6x16", Isa::kNeonI8mm, cpu::conv_u8_neoni8mm},
    {"neondot_6x16", Isa::kNeonDot, cpu::conv_u8_neondot},
    {"neon_2x16", Isa::kNeon, cpu::conv_u8_neon},
#endif
    {"scalar", Isa::kScalar, cpu::conv_u8_scalar},
};

}  // namespace

std::span<const ConvU8Variant> conv_u8_variants() {
  return kVariants;
}

}  // namespace pawl::kernels
