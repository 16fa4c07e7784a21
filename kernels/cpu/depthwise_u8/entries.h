// The depthwise u8 convolutions behind depthwise_u8_variants(); contract in kernels/depthwise_u8.h.
#pragma once

#include <cstdint>

#include "kernels/depthwise_u8.h"
#include "kernels/panel.h"

namespace pawl::kernels::cpu {

void depthwise_u8_scalar(const DepthwiseU8Params& params, int32_t part, int32_t parts);
void depthwise_u8_avx2(const DepthwiseU8Params& params, int32_t part, int32_t parts);
void depthwise_u8_avxvnni(const DepthwiseU8Params& params, int32_t part, int32_t parts);
void depthwise_u8_avx512vnni(const DepthwiseU8Params& params, int32_t part, int32_t parts);
void depthwise_u8_neon(const DepthwiseU8Params& params, int32_t part, int32_t parts);
void depthwise_u8_neondot(const DepthwiseU8Params& params, int32_t part, int32_t parts);

}  // namespace pawl::kernels::cpu
