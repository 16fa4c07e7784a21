// Pixelwise operations, Advanced SIMD.
#include "kernels/cpu/vec/neon.h"

#include "kernels/cpu/vec/activation_neon.h"
// After the vectors it is written in.
#include "kernels/cpu/pixelwise/lanes.h"

namespace pawl::kernels::cpu {

void unary_neon(const UnaryParams& params, int32_t part, int32_t parts) {
  unary_pixels(params, part, parts);
}

void binary_neon(const BinaryParams& params, int32_t part, int32_t parts) {
  binary_pixels(params, part, parts);
}

void gather_neon(const GatherParams& params, int32_t part, int32_t parts) {
  gather_pixels(params, part, parts);
}

void focus_neon(const FocusParams& params, int32_t part, int32_t parts) {
  focus_rows(params, part, parts);
}

}  // namespace pawl::kernels::cpu
