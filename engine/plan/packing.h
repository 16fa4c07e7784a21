// Weights of convolutions as the kernels of a target read them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/plan/target.h"

namespace pawl::engine {

struct ConvExtents {
  int32_t OC, IC, KH, KW;
};

// weight (OC, IC, KH, KW) row-major.
std::vector<std::byte> pack_conv(const Target& target, const float* weight, const ConvExtents& of);
std::vector<std::byte> pack_conv_u8(const Target& target, const int8_t* weight,
                                    const ConvExtents& of);

}  // namespace pawl::engine
