// How much a step of a plan computes.
#pragma once

#include <cstdint>
#include <span>

#include "engine/artifact/format.h"

namespace pawl::engine {

// Multiply-adds a frame of convolutions, matrix products and attention, capped at 9e18; 0 for the
// rest, whose cost is memory traffic. `tensors`: those of the plan, which the step refers to.
int64_t step_multiply_adds(std::span<const TensorRecord> tensors, const StepRecord& step);

}  // namespace pawl::engine
