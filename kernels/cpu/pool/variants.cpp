#include "kernels/cpu/pool/variants.h"

#include "kernels/cpu/pool/entries.h"

namespace pawl::kernels {
namespace {

constexpr PoolVariant kVariants[] = {
#if defined(__x86_64__)
    {"avx512", Isa::kAvx512, cpu::pool_avx512},
    {"avx2", Isa::kAvx2, cpu::pool_avx2},
#elif defined(__aarch64__)
    {"neon", Isa::kNeon, cpu::pool_neon},
#endif
    {"scalar", Isa::kScalar, cpu::pool_scalar},
};

}  // namespace

std::span<const PoolVariant> pool_variants() {
  return kVariants;
}

}  // namespace pawl::kernels
