// Graph -> plan: layouts and views assigned, one step a node (or none), arena packed.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/artifact/plan.h"
#include "engine/graph/graph.h"
#include "engine/plan/quantization.h"
#include "engine/plan/target.h"

namespace pawl::engine {

struct Lowered {
  Plan plan;  // header.target_name, header.isa, head, labels are left to the caller
  std::vector<int32_t> output;  // tensor of each graph output, in order
  int32_t concats_elided = 0;   // concat inputs written in place
  int32_t copies = 0;           // steps that only move data
};

// `graph`: optimised and spelled out (spell_out.h), one input of shape (1, C, H, W).
// `target` says how images are stored and weights are packed. `quantization`, of the same graph, makes convolutions run on 8 bits; null: all float.
// Errors: kUnsupported naming the node.
Result<Lowered> lower(const Graph& graph, const Target& target,
                      const GraphQuantization* quantization = nullptr);

}  // namespace pawl::engine
