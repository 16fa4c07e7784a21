#include "kernels/cpu/pixelwise/variants.h"

#include "kernels/cpu/pixelwise/entries.h"

namespace pawl::kernels {
namespace {

constexpr PixelwiseVariant kVariants[] = {
#if defined(__x86_64__)
    {"avx512", Isa::kAvx512, cpu::unary_avx512, cpu::binary_avx512, cpu::gather_avx512,
     cpu::focus_avx512},
    {"avx2", Isa::kAvx2, cpu::unary_avx2, cpu::binary_avx2, cpu::gather_avx2, cpu::focus_avx2},
#elif defined(__aarch64__)
    {"neon", Isa::kNeon, cpu::unary_neon, cpu::binary_neon, cpu::gather_neon, cpu::focus_neon},
#endif
    {"scalar", Isa::kScalar, cpu::unary_scalar, cpu::binary_scalar, cpu::gather_scalar,
     cpu::focus_scalar},
};

}  // namespace

std::span<const PixelwiseVariant> pixelwise_variants() {
  return kVariants;
}

}  // namespace pawl::kernels
