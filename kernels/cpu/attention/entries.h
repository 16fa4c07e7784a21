// The attentions behind attention_variants(); contract in kernels/attention.h.
#pragma once

#include <cstdint>

#include "kernels/attention.h"

namespace pawl::kernels::cpu {

void attention_scalar(const AttentionParams& params, int32_t part, int32_t parts);
void attention_avx2(const AttentionParams& params, int32_t part, int32_t parts);
void attention_avx512(const AttentionParams& params, int32_t part, int32_t parts);
void attention_neon(const AttentionParams& params, int32_t part, int32_t parts);

}  // namespace pawl::kernels::cpu
