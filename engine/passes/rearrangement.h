// What chains of Reshape, Transpose, Split, Slice and Gather make of a value, as arithmetic.
//
// Exporters spell one rearrangement in many ways. Here each value is reduced to where its elements
// lie in its source, the last value upstream that is more than moved: along every axis it takes
// nested steps through the source's row-major elements. Spellings of the same thing have the same
// steps, so passes compare steps and not chains of operators.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/graph/graph.h"

namespace pawl::engine {

// `extent` elements, each `stride` elements of the source behind the one before.
struct Step {
  int64_t extent, stride;

  bool operator==(const Step&) const = default;
};

// One axis: steps inside steps, outermost first. In one form only: no extent of 1, and no two steps
// that a single one could be.
using Steps = std::vector<Step>;

struct Rearrangement {
  ValueId source = kNoValue;
  int64_t start = 0;        // element of the source that comes first
  float scale = 1.0F;       // by which constant factors on the way multiplied the elements
  std::vector<Steps> axes;  // one a dimension

  bool operator==(const Rearrangement&) const = default;
};

// `steps` in the one form.
Steps normal(std::span<const Step> steps);

// Axes [first, last) as one.
Steps joined(const Rearrangement& value, size_t first, size_t last);

// The value itself.
Rearrangement unmoved(const Graph& graph, ValueId value);

// What output `index` of `node` is of the source of its first input that is not a constant, which
// is `input`. Empty where the node computes, or moves in a way that steps cannot tell.
std::optional<Rearrangement> rearranged(const Graph& graph, const Node& node, size_t index,
                                        const Rearrangement& input);

// Of every value, in one sweep. A value that is not rearranged is its own source, and so is an
// image times a constant: a convolution takes the factor in. Constants have none.
std::vector<Rearrangement> rearrangements(const Graph& graph);

}  // namespace pawl::engine
