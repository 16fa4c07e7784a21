// The kinds of steps: one row each with everything that follows from the kind alone.
#pragma once

#include <cstdint>
#include <span>

#include "engine/artifact/format.h"

namespace pawl::engine {

// How the multiply-adds of a step are counted. Of the rest the cost is memory traffic.
enum class Work : uint8_t { kNone, kConvolution, kWinograd, kDepthwise, kAttention, kMatmul };

// Steps whose work and bytes take alike long on one machine (engine/artifact/step_cost.h).
enum class CostClass : uint8_t {
  kConv,
  kWinograd,
  kDepthwise,
  kConvU8,
  kDepthwiseU8,
  kProducts,      // attention, matrix products
  kImage,         // float images, by vectors
  kImageU8,       // 8-bit images, by vectors
  kElementTypes,  // between float and 8 bits
  kDense,         // row-major tensors, an element at a time
};
inline constexpr size_t kCostClasses = 10;

struct StepKindInfo {
  StepKind kind;
  const char* name;  // in reports
  uint8_t inputs;    // bit i: input[i] must be there
  uint8_t outputs;   // likewise
  Work work;
  CostClass cost;
};

// Every kind, in the order of its number.
std::span<const StepKindInfo> step_kinds();

// Null for a number that is no kind.
const StepKindInfo* find_step_kind(StepKind kind);

const char* step_kind_name(StepKind kind);  // "unknown" for a number that is no kind

// Multiply-adds a frame of convolutions, matrix products and attention, capped at 9e18; 0 for the
// rest. `tensors`: those of the plan, which the step refers to.
int64_t step_multiply_adds(std::span<const TensorRecord> tensors, const StepRecord& step);

}  // namespace pawl::engine
