// Pixelwise operations, AVX-512.
#include "kernels/cpu/vec/avx512.h"

#include "kernels/cpu/vec/activation_avx512.h"
// After the vectors it is written in.
#include "kernels/cpu/pixelwise/lanes.h"

namespace pawl::kernels::cpu {

void unary_avx512(const UnaryParams& params, int32_t part, int32_t parts) {
  unary_pixels(params, part, parts);
}

void binary_avx512(const BinaryParams& params, int32_t part, int32_t parts) {
  binary_pixels(params, part, parts);
}

void gather_avx512(const GatherParams& params, int32_t part, int32_t parts) {
  gather_pixels(params, part, parts);
}

void focus_avx512(const FocusParams& params, int32_t part, int32_t parts) {
  focus_rows(params, part, parts);
}

}  // namespace pawl::kernels::cpu
