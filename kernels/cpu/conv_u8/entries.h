// The dense u8 convolutions behind conv_u8_variants(); contract in kernels/conv_u8.h.
#pragma once

#include <cstdint>

#include "kernels/conv_u8.h"
#include "kernels/panel.h"

namespace pawl::kernels::cpu {

void conv_u8_scalar(const ConvU8Params& params, int32_t part, int32_t parts);
void conv_u8_avx2(const ConvU8Params& params, int32_t part, int32_t parts);
void conv_u8_avxvnni(const ConvU8Params& params, int32_t part, int32_t parts);
void conv_u8_avx512vnni(const ConvU8Params& params, int32_t part, int32_t parts);
void conv_u8_neon(const ConvU8Params& params, int32_t part, int32_t parts);
void conv_u8_neondot(const ConvU8Params& params, int32_t part, int32_t parts);
void conv_u8_neoni8mm(const ConvU8Params& params, int32_t part, int32_t parts);

}  // namespace pawl::kernels::cpu
