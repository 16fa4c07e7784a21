// Pixelwise operations, AVX2.
#include "kernels/cpu/vec/avx2.h"

#include "kernels/cpu/vec/activation_avx2.h"
// After the vectors it is written in.
#include "kernels/cpu/pixelwise/lanes.h"

namespace pawl::kernels::cpu {

void unary_avx2(const UnaryParams& params, int32_t part, int32_t parts) {
  unary_pixels(params, part, parts);
}

void binary_avx2(const BinaryParams& params, int32_t part, int32_t parts) {
  binary_pixels(params, part, parts);
}

void gather_avx2(const GatherParams& params, int32_t part, int32_t parts) {
  gather_pixels(params, part, parts);
}

void focus_avx2(const FocusParams& params, int32_t part, int32_t parts) {
  focus_rows(params, part, parts);
}

}  // namespace pawl::kernels::cpu
