// Pooling, Advanced SIMD.
#include "kernels/cpu/vec/neon.h"

#include "kernels/cpu/pool/lanes.h"

namespace pawl::kernels::cpu {

void pool_neon(const PoolParams& params, int32_t part, int32_t parts) {
  pool_rows(params, part, parts);
}

}  // namespace pawl::kernels::cpu
