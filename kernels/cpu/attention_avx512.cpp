// Attention, AVX-512.
#include "kernels/cpu/activation_avx512.h"
#include "kernels/cpu/lanes_avx512.h"
// After the vectors it is written in.
#include "kernels/cpu/attention_lanes.h"

namespace pawl::kernels::cpu {

void attention_avx512(const AttentionParams& params, int32_t part, int32_t parts) {
  attend_rows(params, part, parts);
}

}  // namespace pawl::kernels::cpu
