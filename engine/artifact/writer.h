// Plan -> the bytes of a .pawl file. Deterministic: the same plan gives the same bytes.
#pragma once

#include <cstddef>
#include <vector>

#include "engine/artifact/plan.h"
#include "platform/result.h"

namespace pawl::engine {

// Errors: kExhausted if a table outgrows the format.
platform::Result<std::vector<std::byte>> write_artifact(const Plan& plan);

}  // namespace pawl::engine
