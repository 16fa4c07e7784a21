// Pooling, AVX-512.
#include "kernels/cpu/vec/avx512.h"

#include "kernels/cpu/pool/lanes.h"

namespace pawl::kernels::cpu {

void pool_avx512(const PoolParams& params, int32_t part, int32_t parts) {
  pool_rows(params, part, parts);
}

}  // namespace pawl::kernels::cpu
