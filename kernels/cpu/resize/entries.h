// The resizes behind resize_variants(); contract in kernels/resize.h.
#pragma once

#include <cstdint>

#include "kernels/resize.h"

namespace pawl::kernels::cpu {

void resize_scalar(const ResizeParams& params, int32_t part, int32_t parts);
void resize_avx2(const ResizeParams& params, int32_t part, int32_t parts);
void resize_avx512(const ResizeParams& params, int32_t part, int32_t parts);
void resize_neon(const ResizeParams& params, int32_t part, int32_t parts);

}  // namespace pawl::kernels::cpu
