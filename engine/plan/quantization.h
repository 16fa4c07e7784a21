// What the quantizer decided about a graph, for lowering to build an INT8 plan from.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "engine/graph/graph.h"
#include "kernels/quantized.h"

namespace pawl::engine {

// A convolution (dense, grouped or depthwise) that runs on 8-bit weights.
struct QuantizedConv {
  std::vector<int8_t> weight;       // the layout of the float weights: (OC, IC/group, KH, KW)
  std::vector<float> weight_scale;  // (OC), positive
  std::vector<float> bias;          // (OC), real values, with bias correction
  // (OC), or empty for ones: the output is stored multiplied by these, channel by channel, and the
  // weights that read it are divided by them. Small channels get more of the 256 levels that way.
  std::vector<float> output_factor;
  // (IC), or empty: bytes that stand for real 0 where the input's zero point does not.
  std::vector<uint8_t> pad;
};

// Indexed by the graph it was made for, which must not change in between.
// Invariants: values joined by Concat, Split, Slice, MaxPool, nearest Resize and channel Gather
// have equal entries; a convolution in `convs` reads a value that has an entry or a boundary; where
// the output of a node with a rescaling_step() has an entry, its inputs have; a graph output has
// no entry.
struct GraphQuantization {
  std::vector<std::optional<kernels::Quantization>> values;  // by ValueId; empty: float32
  std::map<int32_t, QuantizedConv> convs;                    // by node index
  // Float values that convolutions in `convs` read: quantized on the way in.
  std::map<ValueId, kernels::Quantization> boundaries;
};

}  // namespace pawl::engine
