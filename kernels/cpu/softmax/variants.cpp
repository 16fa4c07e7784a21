#include "kernels/cpu/softmax/variants.h"

#include "kernels/cpu/softmax/entries.h"

namespace pawl::kernels {
namespace {

constexpr SoftmaxVariant kVariants[] = {
#if defined(__x86_64__)
    {"avx512", Isa::kAvx512, cpu::softmax_avx512},
    {"avx2", Isa::kAvx2, cpu::softmax_avx2},
#elif defined(__aarch64__)
    {"neon", Isa::kNeon, cpu::softmax_neon},
#endif
    {"scalar", Isa::kScalar, cpu::softmax_scalar},
};

}  // namespace

std::span<const SoftmaxVariant> softmax_variants() {
  return kVariants;
}

}  // namespace pawl::kernels
