// The depthwise convolutions behind depthwise_variants(); contract in kernels/depthwise.h.
#pragma once

#include <cstdint>

#include "kernels/depthwise.h"

namespace pawl::kernels::cpu {

void depthwise_scalar(const DepthwiseParams& params, int32_t part, int32_t parts);
void depthwise_avx2(const DepthwiseParams& params, int32_t part, int32_t parts);
void depthwise_avx512(const DepthwiseParams& params, int32_t part, int32_t parts);
void depthwise_neon(const DepthwiseParams& params, int32_t part, int32_t parts);

}  // namespace pawl::kernels::cpu
