// How much a step of a plan computes, and how many threads that deserves.
#pragma once

#include <cstdint>

#include "engine/artifact/artifact.h"

namespace pawl::engine {

// Multiply-adds a frame of convolutions, matrix products and attention; 0 for the rest, whose cost
// is memory traffic.
int64_t step_multiply_adds(const Artifact& artifact, const StepRecord& step);

// Parts, 1 to `threads`, below which handing a part over would take longer than computing it.
int32_t step_parts(const Artifact& artifact, const StepRecord& step, int32_t threads);

}  // namespace pawl::engine
