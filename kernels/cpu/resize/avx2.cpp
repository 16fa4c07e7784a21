// Resize, AVX2.
#include "kernels/cpu/vec/avx2.h"

#include "kernels/cpu/resize/lanes.h"

namespace pawl::kernels::cpu {

void resize_avx2(const ResizeParams& params, int32_t part, int32_t parts) {
  resize_rows(params, part, parts);
}

}  // namespace pawl::kernels::cpu
