// The Winograd convolutions behind winograd_variants(); contract in kernels/winograd.h.
#pragma once

#include <cstdint>

#include "kernels/winograd.h"

namespace pawl::kernels::cpu {

void winograd_scalar(const WinogradParams& params, int32_t part, int32_t parts);
void winograd_avx2(const WinogradParams& params, int32_t part, int32_t parts);
void winograd_avx512(const WinogradParams& params, int32_t part, int32_t parts);
void winograd_neon(const WinogradParams& params, int32_t part, int32_t parts);

}  // namespace pawl::kernels::cpu
