#include "kernels/cpu/attention/variants.h"

#include "kernels/cpu/attention/entries.h"

namespace pawl::kernels {
namespace {

constexpr AttentionVariant kVariants[] = {
#if defined(__x86_64__)
    {"avx512", Isa::kAvx512, cpu::attention_avx512},
    {"avx2", Isa::kAvx2, cpu::attention_avx2},
#elif defined(__aarch64__)
    {"neon", Isa::kNeon, cpu::attention_neon},
#endif
    {"scalar", Isa::kScalar, cpu::attention_scalar},
};

}  // namespace

std::span<const AttentionVariant> attention_variants() {
  return kVariants;
}

}  // namespace pawl::kernels
