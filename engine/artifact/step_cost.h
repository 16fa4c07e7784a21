// About how long a step takes: to rank plans without running them, and to choose its threads.
#pragma once

#include <cstdint>
#include <span>

#include "engine/artifact/format.h"
#include "kernels/cpu/isa.h"

namespace pawl::engine {

// Nanoseconds on one core of an ordinary machine of that instruction set. A model: the same number
// everywhere, right to a few tens of percent. `tensors`: those of the plan, which the step refers
// to.
double step_ns(std::span<const TensorRecord> tensors, const StepRecord& step, kernels::Isa isa);

// Of a whole plan, milliseconds.
double plan_ms(std::span<const TensorRecord> tensors, std::span<const StepRecord> steps,
               kernels::Isa isa);

}  // namespace pawl::engine
