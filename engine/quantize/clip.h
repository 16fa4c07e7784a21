// Choosing what to clip: quantization bounds of least mean square error.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/quantize/calibration.h"
#include "kernels/quantized.h"

namespace pawl::engine {

// u8 scale and zero point for values distributed as `histogram`. A range of zero width gives
// scale 1.
kernels::Quantization choose_activation(const Histogram& histogram);

// s8 values and the scale of one output channel's weights. All-zero weights give scale 1.
float choose_weight_scale(std::span<const float> weights);
void quantize_weights(std::span<const float> weights, float scale, std::span<int8_t> quantized);

}  // namespace pawl::engine
