// Pad -> convolution or pool: the window's own padding does it, where that means the same.
#include <algorithm>
#include <limits>

#include "engine/passes/passes.h"
#include "engine/passes/rewrite.h"

namespace pawl::engine {
namespace {

// The two spatial dimensions of a Pad that touches no other: top, left, bottom, right.
struct Border {
  bool spatial = false;
  float value = 0.0F;
  std::vector<int64_t> pads = {};
};

Border border_of(const Node& pad) {
  const std::vector<int64_t>& pads = pad.integers("pads");
  if (pad.text("mode") != "constant" || pads.size() != 8) return {};
  if (pads[0] != 0 || pads[1] != 0 || pads[4] != 0 || pads[5] != 0) return {};
  return {true, pad.real("value"), {pads[2], pads[3], pads[6], pads[7]}};
}

// Whether an operator's results are at least 0, whatever it reads.
bool floors_at_zero(const Node& node) {
  switch (node.op) {
    case Op::kRelu:
    case Op::kSigmoid:
    case Op::kHardSigmoid:
    case Op::kSoftmax:
    case Op::kExp:
    case Op::kAbs:
    case Op::kSqrt:
      return true;
    case Op::kClip:
      return node.has("min") && node.real("min") >= 0.0F;
    case Op::kConv: {
      if (node.inputs.size() > 3 || !node.has("activation")) return false;
      const std::string& activation = node.text("activation");
      return activation == "relu" || activation == "sigmoid" || activation == "hard_sigmoid" ||
             (activation == "clip" && node.has("alpha") && node.real("alpha") >= 0.0F);
    }
    default:
      return false;
  }
}

// Whether an operator's results lie among or between the numbers of its first input.
bool keeps_range(Op op) {
  return op == Op::kMaxPool || op == Op::kSlice || op == Op::kSplit || op == Op::kReshape ||
         op == Op::kTranspose || op == Op::kIdentity || op == Op::kResize;
}

bool never_negative(const Graph& graph, const Uses& uses, ValueId value) {
  for (int steps = 0; steps < 16; ++steps) {
    const int32_t producer = uses.producer[static_cast<size_t>(value)];
    if (producer < 0) return false;
    const Node& node = graph.nodes[static_cast<size_t>(producer)];
    if (floors_at_zero(node)) return true;
    if (!keeps_range(node.op)) return false;
    value = node.inputs[0];
  }
  return false;
}

bool all_zero(const std::vector<int64_t>& pads) {
  return std::all_of(pads.begin(), pads.end(), [](int64_t pad) { return pad == 0; });
}

// A pool has no window of nothing but padding, and of a dilated one every tap may miss the image.
bool windows_meet_image(const Node& pool, const Border& border) {
  if (pool.integers("dilations") != std::vector<int64_t>{1, 1}) return false;
  const std::vector<int64_t>& kernel = pool.integers("kernel");
  const std::vector<int64_t>& pads = pool.integers("pads");
  for (size_t side = 0; side < 4; ++side) {
    if (border.pads[side] + pads[side] >= kernel[side % 2]) return false;
  }
  return true;
}

// Whether what Pad wrote is the maximum of no window.
bool maximum_ignores(const Graph& graph, const Uses& uses, const Node& pad, const Border& border) {
  return border.value <= std::numeric_limits<float>::lowest() ||
         (border.value <= 0.0F && never_negative(graph, uses, pad.inputs[0]));
}

// Whether `reader` computes the same from Pad's input when its own padding grows by the border.
bool takes_border(const Graph& graph, const Uses& uses, const Node& pad, const Node& reader,
                  const Border& border) {
  switch (reader.op) {
    case Op::kConv:
      return border.value == 0.0F && reader.integers("pads").size() == 4;
    case Op::kAveragePool:
      // Pad's zeros count in the mean, the pool's own padding must then count too.
      return border.value == 0.0F && windows_meet_image(reader, border) &&
             (all_zero(reader.integers("pads")) || reader.integer("count_include_pad") != 0);
    case Op::kMaxPool:
      return windows_meet_image(reader, border) && maximum_ignores(graph, uses, pad, border);
    default:
      return false;
  }
}

// Kernels take no more; a Pad of more stays a step of its own.
constexpr int64_t kPadMax = 256;

bool fold(Graph* graph, const Uses& uses, const Node& pad, Node* reader) {
  const Border border = border_of(pad);
  if (!border.spatial || !takes_border(*graph, uses, pad, *reader, border)) return false;
  // Read as an image alone: not as a residual or a weight too.
  if (std::count(reader->inputs.begin(), reader->inputs.end(), pad.outputs[0]) != 1 ||
      reader->inputs[0] != pad.outputs[0]) {
    return false;
  }
  std::vector<int64_t> pads = reader->integers("pads");
  for (size_t side = 0; side < 4; ++side) {
    pads[side] += border.pads[side];
    if (pads[side] > kPadMax) return false;
  }
  reader->attributes["pads"] = pads;
  if (reader->op == Op::kAveragePool) reader->attributes["count_include_pad"] = int64_t{1};
  reader->inputs[0] = pad.inputs[0];
  return true;
}

}  // namespace

int32_t fold_padding(Graph* graph) {
  const Uses uses = compute_uses(*graph);
  int32_t folded = 0;
  for (Node& reader : graph->nodes) {
    // A chain of Pads folds from its end; each hop reads what the last one left.
    while (!reader.inputs.empty()) {
      const Node* pad = producer_of(*graph, uses, reader.inputs[0], Op::kPad);
      if (pad == nullptr || !fold(graph, uses, *pad, &reader)) break;
      ++folded;
    }
  }
  remove_dead_nodes(graph);
  return folded;
}

}  // namespace pawl::engine
