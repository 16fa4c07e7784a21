// About how long a plan takes: to rank plans without running them.
#pragma once

#include <cstdint>
#include <span>

#include "engine/artifact/format.h"
#include "kernels/isa.h"

namespace pawl::engine {

// Milliseconds on one core of an ordinary machine of that instruction set. A model: the same number
// everywhere, right to a few tens of percent, made to compare plans of one network.
double estimated_ms(std::span<const TensorRecord> tensors, std::span<const StepRecord> steps,
                    kernels::Isa isa);

}  // namespace pawl::engine
