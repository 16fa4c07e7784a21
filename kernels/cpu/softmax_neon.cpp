// Softmax, NEON.
#include "kernels/cpu/activation_neon.h"
#include "kernels/cpu/lanes_neon.h"
// After the vectors it is written in.
#include "kernels/cpu/softmax_lanes.h"

namespace pawl::kernels::cpu {

void softmax_neon(const SoftmaxParams& params, int32_t part, int32_t parts) {
  softmax_part(params, part, parts);
}

}  // namespace pawl::kernels::cpu
