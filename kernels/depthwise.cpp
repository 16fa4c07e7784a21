#include "kernels/depthwise.h"

#include <cstddef>

#include "kernels/cpu/depthwise.h"

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

void pack_depthwise_weights(const float* weight, int32_t C, int32_t KH, int32_t KW, float* packed) {
  const size_t channels = static_cast<size_t>(C);
  const size_t taps = static_cast<size_t>(KH) * static_cast<size_t>(KW);
  for (size_t c = 0; c < channels; ++c) {
    for (size_t tap = 0; tap < taps; ++tap) packed[tap * channels + c] = weight[c * taps + tap];
  }
}

}  // namespace pawl::kernels
