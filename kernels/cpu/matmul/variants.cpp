#include "kernels/cpu/matmul/variants.h"

#include "kernels/cpu/matmul/entries.h"

namespace pawl::kernels {
namespace {

constexpr MatmulVariant kMatmulVariants[] = {
#if defined(__x86_64__)
    {"avx512_6x32", Isa::kAvx512, cpu::matmul_avx512},
    {"avx2_6x16", Isa::kAvx2, cpu::matmul_avx2},
#elif defined(__aarch64__)
    {"neon_6x8", Isa::kNeon, cpu::matmul_neon},
#endif
    {"scalar", Isa::kScalar, cpu::matmul_scalar},
};

}  // namespace

std::span<const MatmulVariant> matmul_variants() {
  return kMatmulVariants;
}

}  // namespace pawl::kernels
