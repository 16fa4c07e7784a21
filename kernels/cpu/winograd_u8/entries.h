// The exact Winograd convolutions behind winograd_u8_variants(); contract in kernels/winograd_u8.h.
#pragma once

#include <cstdint>

#include "kernels/winograd_u8.h"

namespace pawl::kernels::cpu {

void winograd_u8_scalar(const WinogradU8Params& params, int32_t part, int32_t parts);
void winograd_u8_avx2(const WinogradU8Params& params, int32_t part, int32_t parts);
void winograd_u8_avxvnni(const WinogradU8Params& params, int32_t part, int32_t parts);
void winograd_u8_avx512vnni(const WinogradU8Params& params, int32_t part, int32_t parts);

}  // namespace pawl::kernels::cpu
