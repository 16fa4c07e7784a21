// Attention, Advanced SIMD.
#include "kernels/cpu/activation_neon.h"
#include "kernels/cpu/lanes_neon.h"
// After the vectors it is written in.
#include "kernels/cpu/attention_lanes.h"

namespace pawl::kernels::cpu {

void attention_neon(const AttentionParams& params, int32_t part, int32_t parts) {
  attend_rows(params, part, parts);
}

}  // namespace pawl::kernels::cpu
