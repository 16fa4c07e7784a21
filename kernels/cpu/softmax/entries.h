// The softmaxes behind softmax_variants(); contract in kernels/softmax.h.
#pragma once

#include <cstdint>

#include "kernels/softmax.h"

namespace pawl::kernels::cpu {

void softmax_scalar(const SoftmaxParams& params, int32_t part, int32_t parts);
void softmax_avx2(const SoftmaxParams& params, int32_t part, int32_t parts);
void softmax_avx512(const SoftmaxParams& params, int32_t part, int32_t parts);
void softmax_neon(const SoftmaxParams& params, int32_t part, int32_t parts);

}  // namespace pawl::kernels::cpu
