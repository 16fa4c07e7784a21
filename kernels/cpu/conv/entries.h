// The dense convolutions behind conv_variants(); contract in kernels/conv.h.
#pragma once

#include <cstdint>

#include "kernels/conv.h"

namespace pawl::kernels::cpu {

void conv_scalar(const ConvParams& params, int32_t part, int32_t parts);
void conv_avx2(const ConvParams& params, int32_t part, int32_t parts);
void conv_avx512(const ConvParams& params, int32_t part, int32_t parts);
void conv_neon(const ConvParams& params, int32_t part, int32_t parts);

}  // namespace pawl::kernels::cpu
