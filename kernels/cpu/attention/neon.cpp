// Attention, Advanced SIMD.
#include "kernels/cpu/vec/neon.h"

#include "kernels/cpu/vec/activation_neon.h"
// After the vectors it is written in.
#include "kernels/cpu/attention/lanes.h"

namespace pawl::kernels::cpu {

void attention_neon(const AttentionParams& params, int32_t part, int32_t parts) {
  attend_rows(params, part, parts);
}

}  // namespace pawl::kernels::cpu
