// The letterboxes behind letterbox_variants(); contract in kernels/letterbox.h.
#pragma once

#include <cstdint>

#include "kernels/letterbox.h"

namespace pawl::kernels::cpu {

void letterbox_scalar(const LetterboxParams& params, int32_t part, int32_t parts);
void letterbox_avx2(const LetterboxParams& params, int32_t part, int32_t parts);

}  // namespace pawl::kernels::cpu
