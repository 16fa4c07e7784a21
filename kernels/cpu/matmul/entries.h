// The matrix products behind matmul_variants(); contract in kernels/dense.h.
#pragma once

#include <cstdint>

#include "kernels/dense.h"

namespace pawl::kernels::cpu {

void matmul_scalar(const MatmulParams& params, int32_t part, int32_t parts);
void matmul_avx2(const MatmulParams& params, int32_t part, int32_t parts);
void matmul_avx512(const MatmulParams& params, int32_t part, int32_t parts);
void matmul_neon(const MatmulParams& params, int32_t part, int32_t parts);

}  // namespace pawl::kernels::cpu
