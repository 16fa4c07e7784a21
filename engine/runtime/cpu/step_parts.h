// How many threads a step of a plan deserves.
#pragma once

#include <cstdint>

#include "engine/artifact/artifact.h"

namespace pawl::engine {

// Parts, 1 to `threads`, below which handing a part over would take longer than computing it.
int32_t step_parts(const Artifact& artifact, const StepRecord& step, int32_t threads);

}  // namespace pawl::engine
