// Softmax, AVX2.
#include "kernels/cpu/vec/avx2.h"

#include "kernels/cpu/vec/activation_avx2.h"
// After the vectors it is written in.
#include "kernels/cpu/softmax/lanes.h"

namespace pawl::kernels::cpu {

void softmax_avx2(const SoftmaxParams& params, int32_t part, int32_t parts) {
  softmax_part(params, part, parts);
}

}  // namespace pawl::kernels::cpu
