// Matrix product, AVX-512.
#include "kernels/cpu/vec/avx512.h"

#include "kernels/cpu/matmul/lanes.h"

namespace pawl::kernels::cpu {

void matmul_avx512(const MatmulParams& params, int32_t part, int32_t parts) {
  matmul_part(params, part, parts);
}

}  // namespace pawl::kernels::cpu
