// Pooling, AVX2.
#include "kernels/cpu/vec/avx2.h"

#include "kernels/cpu/pool/lanes.h"

namespace pawl::kernels::cpu {

void pool_avx2(const PoolParams& params, int32_t part, int32_t parts) {
  pool_rows(params, part, parts);
}

}  // namespace pawl::kernels::cpu
