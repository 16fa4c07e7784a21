// Attention, AVX2.
#include "kernels/cpu/activation_avx2.h"
#include "kernels/cpu/lanes_avx2.h"
// After the vectors it is written in.
#include "kernels/cpu/attention_lanes.h"

namespace pawl::kernels::cpu {

void attention_avx2(const AttentionParams& params, int32_t part, int32_t parts) {
  attend_rows(params, part, parts);
}

}  // namespace pawl::kernels::cpu
