#include "kernels/cpu/winograd/variants.h"

#include "kernels/cpu/winograd/entries.h"

namespace pawl::kernels {
namespace {

constexpr WinogradVariant kVariants[] = {
#if defined(__x86_64__)
    {"avx512_14x32", Isa::kAvx512, cpu::winograd_avx512},
    {"avx2_6x16", Isa::kAvx2, cpu::winograd_avx2},
#elif defined(__aarch64__)
    {"neon_8x8", Isa::kNeon, cpu::winograd_neon},
#endif
    {"scalar", Isa::kScalar, cpu::winograd_scalar},
};

}  // namespace

std::span<const WinogradVariant> winograd_variants() {
  return kVariants;
}

}  // namespace pawl::kernels
