// The operations behind rescale_u8_variants(); contract in kernels/rescale_u8.h.
#pragma once

#include <cstdint>

#include "kernels/rescale_u8.h"

namespace pawl::kernels::cpu {

void binary_u8_scalar(const BinaryU8Params& params, int32_t part, int32_t parts);
void average_pool_u8_scalar(const AveragePoolU8Params& params, int32_t part, int32_t parts);
void table_u8_scalar(const TableU8Params& params, int32_t part, int32_t parts);
void binary_u8_avx2(const BinaryU8Params& params, int32_t part, int32_t parts);
void average_pool_u8_avx2(const AveragePoolU8Params& params, int32_t part, int32_t parts);
void binary_u8_avx512(const BinaryU8Params& params, int32_t part, int32_t parts);
void average_pool_u8_avx512(const AveragePoolU8Params& params, int32_t part, int32_t parts);

}  // namespace pawl::kernels::cpu
