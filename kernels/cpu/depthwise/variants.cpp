#include "kernels/cpu/depthwise/variants.h"

#include "kernels/cpu/depthwise/entries.h"

namespace pawl::kernels {
namespace {

constexpr DepthwiseVariant kVariants[] = {
#if defined(__x86_64__)
    {"avx512", Isa::kAvx512, cpu::depthwise_avx512},
    {"avx2", Isa::kAvx2, cpu::depthwise_avx2},
#elif defined(__aarch64__)
    {"neon", Isa::kNeon, cpu::depthwise_neon},
#endif
    {"scalar", Isa::kScalar, cpu::depthwise_scalar},
};

}  // namespace

std::span<const DepthwiseVariant> depthwise_variants() {
  return kVariants;
}

}  // namespace pawl::kernels
