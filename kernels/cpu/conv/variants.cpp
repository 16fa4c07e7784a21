#include "kernels/cpu/conv/variants.h"

#include "kernels/cpu/conv/entries.h"

namespace pawl::kernels {
namespace {

constexpr ConvVariant kVariants[] = {
#if defined(__x86_64__)
    {"avx512_14x32", Isa::kAvx512, cpu::conv_avx512},
    {"avx2_6x16", Isa::kAvx2, cpu::conv_avx2},
#elif defined(__aarch64__)
    {"neon_8x8", Isa::kNeon, cpu::conv_neon},
#endif
    {"scalar", Isa::kScalar, cpu::conv_scalar},
};

}  // namespace

std::span<const ConvVariant> conv_variants() {
  return kVariants;
}

}  // namespace pawl::kernels
