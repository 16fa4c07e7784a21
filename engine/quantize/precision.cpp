#include "engine/quantize/precision.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/passes/rewrite.h"
#include "engine/plan/kinds.h"
#include "engine/plan/views.h"
#include "engine/quantize/last_convolutions.h"
#include "kernels/conv_u8.h"

namespace pawl::engine {
namespace {

// Why a convolution cannot run on 8 bits; empty if it can.
std::string refusal(const Graph& graph, const Node& node,
                    const std::vector<std::string>& float_nodes) {
  if (std::find(float_nodes.begin(), float_nodes.end(), node.name) != float_nodes.end()) {
    return "kept by request";
  }
  const auto activation = activation_of(node);
  if (!activation || !kernels::epilogue_supports(activation->kind)) {
    return "its activation has no 8-bit form";
  }
  if (!is_image(graph.value(node.inputs[0]).shape)) return "not an image";
  if (constant_floats(graph, node.inputs[1]).empty()) return "its weights are not constant";
  const Shape& w = graph.value(node.inputs[1]).shape;
  if (w[1] * w[2] * w[3] > kernels::kConvU8DepthMax) return "too many products for 32-bit sums";
  return {};
}

// Nodes whose outputs are their inputs' numbers, moved or chosen among.
bool keeps_scale(const Graph& graph, const Node& node) {
  if (!is_image(graph.value(node.outputs[0]).shape) ||
      !is_image(graph.value(node.inputs[0]).shape)) {
    return false;
  }
  switch (node.op) {
    case Op::kConcat:
      return node.integer("axis") == 1;
    case Op::kSplit:
    case Op::kSlice:
      return is_channel_range(graph, node);
    case Op::kMaxPool:
      return true;
    case Op::kResize:
      return node.text("mode") == "nearest";
    case Op::kGather:
      return is_channel_gather(graph, node);
    case Op::kPad:  // a real 0 is a byte of any scale, other numbers may not be
      return pads_pixels(node) && (node.text("mode") != "constant" || node.real("value") == 0.0F);
    default:
      return false;
  }
}

// Whether a convolution can read the camera's bytes: its weights take the channels' scales, its
// bias the means, and where it pads stand the means themselves, rounded.
bool takes_pixels(const PreprocessSpec& pre, const Node& node) {
  for (size_t c = 0; c < static_cast<size_t>(pre.channels); ++c) {
    const bool byte = pre.mean[c] >= 0.0F && pre.mean[c] <= 255.0F;
    if (!byte || !(pre.scale[c] > 0.0F) || !std::isfinite(pre.scale[c])) return false;
    if (pre.mean[c] != 0.0F && node.integer("group") != 1) return false;
  }
  return true;
}

}  // namespace

PrecisionRules::PrecisionRules(const Graph& graph, const PreprocessSpec& pre,
                               const std::vector<std::string>& float_nodes)
    : graph_(graph), uses_(compute_uses(graph)) {
  const std::vector<bool> last = last_convolutions(graph_, uses_);
  for (size_t i = 0; i < graph_.nodes.size(); ++i) {
    const Node& node = graph_.nodes[i];
    if (node.op != Op::kConv) continue;
    std::string why = last[i] ? "outputs come from it" : refusal(graph_, node, float_nodes);
    if (why.empty() && node.inputs[0] == graph_.inputs[0] && !takes_pixels(pre, node)) {
      why = "pixels are not scaled as 8 bits allow";
    }
    if (!why.empty()) refused_[static_cast<int32_t>(i)] = std::move(why);
  }
  join_values();
}

void PrecisionRules::join_values() {
  std::vector<int32_t> parent(graph_.values.size());
  std::iota(parent.begin(), parent.end(), 0);
  const auto root_of = [&parent](int32_t value) {
    while (parent[static_cast<size_t>(value)] != value) value = parent[static_cast<size_t>(value)];
    return value;
  };
  for (const Node& node : graph_.nodes) {
    if (!keeps_scale(graph_, node)) continue;
    const int32_t root = root_of(node.outputs[0]);
    const size_t data_inputs = node.op == Op::kConcat ? node.inputs.size() : 1;
    for (size_t i = 0; i < data_inputs; ++i) {
      parent[static_cast<size_t>(root_of(node.inputs[i]))] = root;
    }
    for (const ValueId output : node.outputs) parent[static_cast<size_t>(root_of(output))] = root;
  }
  group_.assign(graph_.values.size(), -1);
  for (size_t v = 0; v < graph_.values.size(); ++v) {
    if (graph_.values[v].constant) continue;
    int32_t& number = group_[static_cast<size_t>(root_of(static_cast<int32_t>(v)))];
    if (number < 0) {
      number = group_count_++;
      members_.push_back(0);
    }
    group_[v] = number;
    ++members_[static_cast<size_t>(number)];
  }
}

// A group is u8 when everything that writes it can, INT8 convolutions, operators on 8 bits that
// read 8 bits and the network input where the camera's bytes are its values, and when no kept layer
// reads it: what spoils a layer is as often the rounding of its input as that of its weights.
std::vector<bool> PrecisionRules::u8_groups(const std::vector<bool>& int8,
                                            const KeptFloat& kept) const {
  std::vector<bool> u8(static_cast<size_t>(group_count_), true);
  const auto reject = [this, &u8](ValueId id) {
    const int32_t group = group_[static_cast<size_t>(id)];
    if (group >= 0) u8[static_cast<size_t>(group)] = false;
  };
  for (const ValueId id : graph_.outputs) reject(id);
  for (const ValueId id : graph_.inputs) {
    const std::vector<int32_t>& readers = uses_.consumers[static_cast<size_t>(id)];
    const bool all_int8 = std::all_of(readers.begin(), readers.end(), [&](int32_t reader) {
      const std::vector<ValueId>& read = graph_.nodes[static_cast<size_t>(reader)].inputs;
      return int8[static_cast<size_t>(reader)] && (read.size() < 4 || read[3] != id);
    });
    if (!all_int8) reject(id);
  }
  for (size_t i = 0; i < graph_.nodes.size(); ++i) {
    const Node& node = graph_.nodes[i];
    if (int8[i] || keeps_scale(graph_, node) || rescaling_step(graph_, node)) continue;
    for (const ValueId id : node.outputs) reject(id);
  }
  for (const auto& [index, why] : kept) {
    const Node& node = graph_.nodes[static_cast<size_t>(index)];
    reject(node.inputs[0]);
    if (node.inputs.size() > 3 && node.inputs[3] != kNoValue) reject(node.inputs[3]);
  }
  const auto is_u8 = [this, &u8](ValueId id) {
    const int32_t group = group_[static_cast<size_t>(id)];
    return group < 0 || u8[static_cast<size_t>(group)];  // a constant goes with either
  };
  for (bool changed = true; changed;) {
    changed = false;
    for (const Node& node : graph_.nodes) {
      if (!is_u8(node.outputs[0]) || !rescaling_step(graph_, node)) continue;
      if (std::all_of(node.inputs.begin(), node.inputs.end(), is_u8)) continue;
      reject(node.outputs[0]);
      changed = true;
    }
  }
  return u8;
}

// Values between INT8 convolutions alone: what one multiplies, the others can divide away.
bool PrecisionRules::may_be_equalized(const Node& node, const Precision& precision) const {
  const ValueId id = node.outputs[0];
  const auto group = static_cast<size_t>(group_[static_cast<size_t>(id)]);
  if (!precision.u8[static_cast<size_t>(id)] || members_[group] != 1) return false;
  if (group < given_.size() && given_[group]) return false;
  const std::vector<int32_t>& readers = uses_.consumers[static_cast<size_t>(id)];
  return std::all_of(readers.begin(), readers.end(), [&](int32_t index) {
    const Node& reader = graph_.nodes[static_cast<size_t>(index)];
    return precision.int8[static_cast<size_t>(index)] && reader.inputs[0] == id &&
           (reader.inputs.size() < 4 || reader.inputs[3] != id);
  });
}

bool PrecisionRules::read_by_groups(ValueId id) const {
  const std::vector<int32_t>& readers = uses_.consumers[static_cast<size_t>(id)];
  return std::all_of(readers.begin(), readers.end(), [this](int32_t reader) {
    return graph_.nodes[static_cast<size_t>(reader)].integer("group") > 1;
  });
}

Precision PrecisionRules::choose(const KeptFloat& kept) const {
  Precision precision;
  for (size_t i = 0; i < graph_.nodes.size(); ++i) {
    const auto index = static_cast<int32_t>(i);
    precision.int8.push_back(graph_.nodes[i].op == Op::kConv && refused_.count(index) == 0 &&
                             kept.count(index) == 0);
  }
  const std::vector<bool> groups = u8_groups(precision.int8, kept);
  for (const int32_t group : group_) {
    precision.u8.push_back(group >= 0 && groups[static_cast<size_t>(group)]);
  }
  precision.equalized.assign(graph_.values.size(), false);
  for (size_t i = 0; i < graph_.nodes.size(); ++i) {
    if (!precision.int8[i]) continue;
    const ValueId id = graph_.nodes[i].outputs[0];
    precision.equalized[static_cast<size_t>(id)] = may_be_equalized(graph_.nodes[i], precision);
  }
  return precision;
}

}  // namespace pawl::engine
