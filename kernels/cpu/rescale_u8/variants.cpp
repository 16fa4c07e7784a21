#include "kernels/cpu/rescale_u8/variants.h"

#include "kernels/cpu/rescale_u8/entries.h"

namespace pawl::kernels {
namespace {

// A table of 256 bytes is a load a channel on every instruction set here.
constexpr RescaleU8Variant kVariants[] = {
#if defined(__x86_64__)
    {"avx512", Isa::kAvx512, cpu::binary_u8_avx512, cpu::average_pool_u8_avx512,
     cpu::table_u8_scalar},
    {"avx2", Isa::kAvx2, cpu::binary_u8_avx2, cpu::average_pool_u8_avx2, cpu::table_u8_scalar},
#endif
    {"scalar", Isa::kScalar, cpu::binary_u8_scalar, cpu::average_pool_u8_scalar,
     cpu::table_u8_scalar},
};

}  // namespace

std::span<const RescaleU8Variant> rescale_u8_variants() {
  return kVariants;
}

}  // namespace pawl::kernels
