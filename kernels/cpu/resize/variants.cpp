#include "kernels/cpu/resize/variants.h"

#include "kernels/cpu/resize/entries.h"

namespace pawl::kernels {
namespace {

constexpr ResizeVariant kVariants[] = {
#if defined(__x86_64__)
    {"avx512", Isa::kAvx512, cpu::resize_avx512},
    {"avx2", Isa::kAvx2, cpu::resize_avx2},
#elif defined(__aarch64__)
    {"neon", Isa::kNeon, cpu::resize_neon},
#endif
    {"scalar", Isa::kScalar, cpu::resize_scalar},
};

}  // namespace

std::span<const ResizeVariant> resize_variants() {
  return kVariants;
}

}  // namespace pawl::kernels
