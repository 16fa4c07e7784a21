// Resize, AVX-512.
#include "kernels/cpu/vec/avx512.h"

#include "kernels/cpu/resize/lanes.h"

namespace pawl::kernels::cpu {

void resize_avx512(const ResizeParams& params, int32_t part, int32_t parts) {
  resize_rows(params, part, parts);
}

}  // namespace pawl::kernels::cpu
