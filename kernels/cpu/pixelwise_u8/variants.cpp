#include "kernels/cpu/pixelwise_u8/variants.h"

#include "kernels/cpu/pixelwise_u8/entries.h"

namespace pawl::kernels {
namespace {

constexpr PixelwiseU8Variant kVariants[] = {
#if defined(__x86_64__)
    {"avx512", Isa::kAvx512, cpu::quantize_u8_avx512, cpu::dequantize_u8_avx512,
     cpu::copy_u8_avx512, cpu::max_pool_u8_avx512, cpu::nearest_u8_avx512},
    {"avx2", Isa::kAvx2, cpu::quantize_u8_avx2, cpu::dequantize_u8_avx2, cpu::copy_u8_avx2,
     cpu::max_pool_u8_avx2, cpu::nearest_u8_avx2},
#elif defined(__aarch64__)
    {"neon", Isa::kNeon, cpu::quantize_u8_neon, cpu::dequantize_u8_neon, cpu::copy_u8_neon,
     cpu::max_pool_u8_neon, cpu::nearest_u8_neon},
#endif
    {"scalar", Isa::kScalar, cpu::quantize_u8_scalar, cpu::dequantize_u8_scalar,
     cpu::copy_u8_scalar, cpu::max_pool_u8_scalar, cpu::nearest_u8_scalar},
};

}  // namespace

std::span<const PixelwiseU8Variant> pixelwise_u8_variants() {
  return kVariants;
}

}  // namespace pawl::kernels
