#include "kernels/conv.h"

#include <cstring>

#include "kernels/cpu/conv.h"

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

size_t panels_of(int32_t OC) {
  return (static_cast<size_t>(OC) + kConvBlock - 1) / static_cast<size_t>(kConvBlock);
}

}  // namespace

std::span<const ConvVariant> conv_variants() {
  return kVariants;
}

size_t packed_conv_floats(int32_t OC, int32_t IC, int32_t KH, int32_t KW) {
  return panels_of(OC) * static_cast<size_t>(KH) * static_cast<size_t>(KW) *
         static_cast<size_t>(IC) * static_cast<size_t>(kConvBlock);
}

void pack_conv_weights(const float* weight, int32_t OC, int32_t IC, int32_t KH, int32_t KW,
                       float* packed) {
  const size_t taps = static_cast<size_t>(KH) * static_cast<size_t>(KW);
  const size_t ic_count = static_cast<size_t>(IC);
  const size_t block = static_cast<size_t>(kConvBlock);
  std::memset(packed, 0, packed_conv_floats(OC, IC, KH, KW) * sizeof(float));
  for (size_t oc = 0; oc < static_cast<size_t>(OC); ++oc) {
    float* panel = packed + oc / block * taps * ic_count * block + oc % block;
    for (size_t ic = 0; ic < ic_count; ++ic) {
      const float* source = weight + (oc * ic_count + ic) * taps;
      for (size_t tap = 0; tap < taps; ++tap) {
        panel[(tap * ic_count + ic) * block] = source[tap];
      }
    }
  }
}

}  // namespace pawl::kernels
