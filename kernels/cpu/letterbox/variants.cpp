#include "kernels/cpu/letterbox/variants.h"

#include "kernels/cpu/letterbox/entries.h"

namespace pawl::kernels {
namespace {

constexpr LetterboxVariant kVariants[] = {
#if defined(__x86_64__)
    {"avx2", Isa::kAvx2, cpu::letterbox_avx2},
#endif
    {"scalar", Isa::kScalar, cpu::letterbox_scalar},
};

}  // namespace

std::span<const LetterboxVariant> letterbox_variants() {
  return kVariants;
}

}  // namespace pawl::kernels
