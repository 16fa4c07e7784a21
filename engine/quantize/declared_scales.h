// The scales that a quantized model file declares for activations, by the quantizer's groups.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/graph/graph.h"
#include "kernels/quantized.h"

namespace pawl::engine {

struct DeclaredScales {
  // By group: the one scale of all its members that have one. Empty where none has, and where
  // they differ, for one buffer holds them all.
  std::vector<std::optional<kernels::Quantization>> groups;
  std::vector<bool> differing;  // by group
};

// `groups`: for each value its group, or -1. Errors: the file declares none.
Result<DeclaredScales> declared_scales(const Graph& graph, const std::vector<int32_t>& groups);

}  // namespace pawl::engine
