#include "kernels/depthwise_u8.h"

#include <cstddef>
#include <cstring>

#include "kernels/cpu/depthwise_u8.h"

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

void pack_depthwise_u8_weights(const int8_t* weight, int32_t C, int32_t KH, int32_t KW,
                               int8_t* packed) {
  const size_t channels = static_cast<size_t>(C);
  const size_t block = size_t{cpu::kDepthwiseU8Block};
  const size_t taps = static_cast<size_t>(KH) * static_cast<size_t>(KW);
  const size_t row = (channels + block - 1) / block * block;
  std::memset(packed, 0, taps * row);
  for (size_t c = 0; c < channels; ++c) {
    for (size_t tap = 0; tap < taps; ++tap) packed[tap * row + c] = weight[c * taps + tap];
  }
}

}  // namespace pawl::kernels
