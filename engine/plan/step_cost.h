// About how long a plan takes: to rank plans without running them.
#pragma once

#include <cstdint>
#include <span>

#include "engine/artifact/format.h"
#include "kernels/isa.h"

namespace pawl::engine {

// Milliseconds of one core of an ordinary machine with that instruction set. A model: the same
// number on every machine, right in order of magnitude, good for comparing plans of one network.
double estimated_ms(std::span<const TensorRecord> tensors, std::span<const StepRecord> steps,
                    kernels::Isa isa);

}  // namespace pawl::engine
