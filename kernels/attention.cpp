#include "kernels/attention.h"

#include "kernels/cpu/attention.h"

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

// Every variant keeps the keys of one head transposed, (D, P rounded up to 16), and the scores of
// up to kAttentionRows queries.
size_t attention_scratch_floats(const AttentionParams& params) {
  const size_t columns = (static_cast<size_t>(params.P) + 15) / 16 * 16;
  return columns * (static_cast<size_t>(params.D) + kAttentionRows);
}

std::span<const AttentionVariant> attention_variants() {
  return kVariants;
}

}  // namespace pawl::kernels
