// What is said of a plan in reports.
#pragma once

#include <cstdint>
#include <string>

#include "engine/artifact/artifact.h"

namespace pawl::program {

// "float32" or, for a CUDA device, "float16"; "int8" where any tensor is.
const char* precision_name(const engine::Artifact& artifact);

// "1x64x80x80"; "-" for an absent tensor.
std::string tensor_shape(const engine::Artifact& artifact, int32_t tensor);

}  // namespace pawl::program
