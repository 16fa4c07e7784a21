#include "kernels/cpu/depthwise_u8/variants.h"

#include "kernels/cpu/depthwise_u8/entries.h"

namespace pawl::kernels {
namespace {

constexpr DepthwiseU8Variant kVariants[] = {
#if defined(__x86_64__)
    {"avx512vnni", Isa::kAvx512Vnni, cpu::depthwise_u8_avx512vnni},
    {"avxvnni", Isa::kAvxVnni, cpu::depthwise_u8_avxvnni},
    {"avx2", Isa::kAvx2, cpu::depthwise_u8_avx2},
#elif defined(__aarch64__)
    {"neondot", Isa::kNeonDot, cpu::depthwise_u8_neondot},
    {"neon", Isa::kNeon, cpu::depthwise_u8_neon},
#endif
    {"scalar", Isa::kScalar, cpu::depthwise_u8_scalar},
};

}  // namespace

std::span<const DepthwiseU8Variant> depthwise_u8_variants() {
  return kVariants;
}

}  // namespace pawl::kernels
