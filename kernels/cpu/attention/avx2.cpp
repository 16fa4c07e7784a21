// Attention, AVX2.
#include "kernels/cpu/vec/avx2.h"

#include "kernels/cpu/vec/activation_avx2.h"
// After the vectors it is written in.
#include "kernels/cpu/attention/lanes.h"

namespace pawl::kernels::cpu {

void attention_avx2(const AttentionParams& params, int32_t part, int32_t parts) {
  attend_rows(params, part, parts);
}

}  // namespace pawl::kernels::cpu
