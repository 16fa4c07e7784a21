// Matrix product, Advanced SIMD.
#include "kernels/cpu/vec/neon.h"

#include "kernels/cpu/matmul/lanes.h"

namespace pawl::kernels::cpu {

void matmul_neon(const MatmulParams& params, int32_t part, int32_t parts) {
  matmul_part(params, part, parts);
}

}  // namespace pawl::kernels::cpu
