// Softmax, NEON.
#include "kernels/cpu/vec/neon.h"

#include "kernels/cpu/vec/activation_neon.h"
// After the vectors it is written in.
#include "kernels/cpu/softmax/lanes.h"

namespace pawl::kernels::cpu {

void softmax_neon(const SoftmaxParams& params, int32_t part, int32_t parts) {
  softmax_part(params, part, parts);
}

}  // namespace pawl::kernels::cpu
