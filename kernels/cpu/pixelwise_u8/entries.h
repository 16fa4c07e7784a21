// The operations behind pixelwise_u8_variants(); contract in kernels/pixelwise_u8.h.
#pragma once

#include <cstdint>

#include "kernels/pixelwise_u8.h"

namespace pawl::kernels::cpu {

void quantize_u8_scalar(const QuantizeParams& params, int32_t part, int32_t parts);
void dequantize_u8_scalar(const DequantizeParams& params, int32_t part, int32_t parts);
void copy_u8_scalar(const CopyU8Params& params, int32_t part, int32_t parts);
void max_pool_u8_scalar(const MaxPoolU8Params& params, int32_t part, int32_t parts);
void nearest_u8_scalar(const NearestU8Params& params, int32_t part, int32_t parts);
void quantize_u8_avx2(const QuantizeParams& params, int32_t part, int32_t parts);
void dequantize_u8_avx2(const DequantizeParams& params, int32_t part, int32_t parts);
void copy_u8_avx2(const CopyU8Params& params, int32_t part, int32_t parts);
void max_pool_u8_avx2(const MaxPoolU8Params& params, int32_t part, int32_t parts);
void nearest_u8_avx2(const NearestU8Params& params, int32_t part, int32_t parts);
void quantize_u8_avx512(const QuantizeParams& params, int32_t part, int32_t parts);
void dequantize_u8_avx512(const DequantizeParams& params, int32_t part, int32_t parts);
void copy_u8_avx512(const CopyU8Params& params, int32_t part, int32_t parts);
void max_pool_u8_avx512(const MaxPoolU8Params& params, int32_t part, int32_t parts);
void nearest_u8_avx512(const NearestU8Params& params, int32_t part, int32_t parts);
void quantize_u8_neon(const QuantizeParams& params, int32_t part, int32_t parts);
void dequantize_u8_neon(const DequantizeParams& params, int32_t part, int32_t parts);
void copy_u8_neon(const CopyU8Params& params, int32_t part, int32_t parts);
void max_pool_u8_neon(const MaxPoolU8Params& params, int32_t part, int32_t parts);
void nearest_u8_neon(const NearestU8Params& params, int32_t part, int32_t parts);

}  // namespace pawl::kernels::cpu
