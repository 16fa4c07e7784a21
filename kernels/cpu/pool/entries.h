// The pools behind pool_variants(); contract in kernels/pool.h.
#pragma once

#include <cstdint>

#include "kernels/pool.h"

namespace pawl::kernels::cpu {

void pool_scalar(const PoolParams& params, int32_t part, int32_t parts);
void pool_avx2(const PoolParams& params, int32_t part, int32_t parts);
void pool_avx512(const PoolParams& params, int32_t part, int32_t parts);
void pool_neon(const PoolParams& params, int32_t part, int32_t parts);

}  // namespace pawl::kernels::cpu
