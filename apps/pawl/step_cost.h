// What a step of a plan is called and how much it computes, for reports.
#pragma once

#include <cstdint>
#include <string>

#include "engine/artifact/artifact.h"

namespace pawl::program {

const char* step_kind_name(engine::StepKind kind);

// Multiply-adds a frame of convolutions, matrix products and attention; 0 for the rest, whose cost
// is memory traffic.
int64_t step_multiply_adds(const engine::Artifact& artifact, const engine::StepRecord& step);

// "float32", or "int8" where any tensor is.
const char* precision_name(const engine::Artifact& artifact);

// "1x64x80x80"; "-" for an absent tensor.
std::string tensor_shape(const engine::Artifact& artifact, int32_t tensor);

}  // namespace pawl::program
