// Matrix product, Advanced SIMD.
#include "kernels/cpu/lanes_neon.h"
#include "kernels/cpu/matmul_lanes.h"

namespace pawl::kernels::cpu {

void matmul_neon(const MatmulParams& params, int32_t part, int32_t parts) {
  matmul_part(params, part, parts);
}

}  // namespace pawl::kernels::cpu
