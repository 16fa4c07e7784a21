#include "kernels/cpu/winograd_u8/variants.h"

#include "kernels/cpu/winograd_u8/entries.h"

namespace pawl::kernels {
namespace {

constexpr WinogradU8Variant kVariants[] = {
#if defined(__x86_64__)
    {"avx512vnni_14x32", Isa::kAvx512Vnni, cpu::winograd_u8_avx512vnni, 32},
    {"avxvnni_6x16", Isa::kAvxVnni, cpu::winograd_u8_avxvnni, 32},
    {"avx2_6x16", Isa::kAvx2, cpu::winograd_u8_avx2, 8},
#endif
    {"scalar", Isa::kScalar, cpu::winograd_u8_scalar, INT32_MAX},
};

}  // namespace

std::span<const WinogradU8Variant> winograd_u8_variants() {
  return kVariants;
}

}  // namespace pawl::kernels
