// Resize, Advanced SIMD.
#include "kernels/cpu/vec/neon.h"

#include "kernels/cpu/resize/lanes.h"

namespace pawl::kernels::cpu {

void resize_neon(const ResizeParams& params, int32_t part, int32_t parts) {
  resize_rows(params, part, parts);
}

}  // namespace pawl::kernels::cpu
