// The pixelwise operations behind pixelwise_variants(); contract in kernels/pixelwise.h.
#pragma once

#include <cstdint>

#include "kernels/pixelwise.h"

namespace pawl::kernels::cpu {

void unary_scalar(const UnaryParams& params, int32_t part, int32_t parts);
void binary_scalar(const BinaryParams& params, int32_t part, int32_t parts);
void gather_scalar(const GatherParams& params, int32_t part, int32_t parts);
void focus_scalar(const FocusParams& params, int32_t part, int32_t parts);
void unary_avx2(const UnaryParams& params, int32_t part, int32_t parts);
void binary_avx2(const BinaryParams& params, int32_t part, int32_t parts);
void gather_avx2(const GatherParams& params, int32_t part, int32_t parts);
void focus_avx2(const FocusParams& params, int32_t part, int32_t parts);
void unary_avx512(const UnaryParams& params, int32_t part, int32_t parts);
void binary_avx512(const BinaryParams& params, int32_t part, int32_t parts);
void gather_avx512(const GatherParams& params, int32_t part, int32_t parts);
void focus_avx512(const FocusParams& params, int32_t part, int32_t parts);
void unary_neon(const UnaryParams& params, int32_t part, int32_t parts);
void binary_neon(const BinaryParams& params, int32_t part, int32_t parts);
void gather_neon(const GatherParams& params, int32_t part, int32_t parts);
void focus_neon(const FocusParams& params, int32_t part, int32_t parts);

}  // namespace pawl::kernels::cpu
