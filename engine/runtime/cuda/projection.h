// What a plan should take on a board that is not at hand: counted work over stated peaks. A
// projection, never a measurement; its model is written down in docs/performance.md.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "engine/artifact/artifact.h"

namespace pawl::engine {

// As its maker states it.
struct Board {
  std::string_view name;  // "orin-nano-super"
  std::string_view title;
  int32_t capability;
  int32_t multiprocessors;
  double clock_hz;        // of the GPU, the mode of most power
  double bytes_a_second;  // of its memory
};
std::span<const Board> boards();
const Board* find_board(std::string_view name);  // null: there is none of that name

// Of one step, microseconds.
struct StepProjection {
  double compute_us = 0.0;  // the multiply-adds that its tiles issue
  double memory_us = 0.0;   // operands and weights, each moved once
  double total_us = 0.0;    // the larger of both, and the node
  int64_t issued = 0;       // multiply-adds, tiles' rims and padded channels counted
};

// Errors: kUnsupported for a plan that is not for CUDA devices of that capability or less.
Result<std::vector<StepProjection>> project(const Artifact& artifact, const Board& board);

}  // namespace pawl::engine
