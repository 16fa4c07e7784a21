// y = scale[c] * conv(x) + shift[c] is a convolution with other weights: batch norm, YOLOv7's
// ImplicitA/M, and scalars that exporters leave behind. So is conv(focus(x)): Focus deals every
// second pixel to one of four channel groups, of which the convolution's taps are pixels again.
#include <cmath>
#include <optional>
#include <vector>

#include "engine/passes/passes.h"
#include "engine/passes/rewrite.h"

namespace pawl::engine {
namespace {

struct Affine {
  std::vector<float> scale, shift;  // one a channel
};

std::optional<Affine> batch_norm(const Graph& graph, const Node& node) {
  const std::span<const float> gamma = constant_floats(graph, node.inputs[1]);
  const std::span<const float> beta = constant_floats(graph, node.inputs[2]);
  const std::span<const float> mean = constant_floats(graph, node.inputs[3]);
  const std::span<const float> variance = constant_floats(graph, node.inputs[4]);
  if (gamma.empty() || beta.empty() || mean.empty() || variance.empty()) return std::nullopt;
  const double epsilon = node.real("epsilon");
  Affine affine;
  for (size_t c = 0; c < gamma.size(); ++c) {
    const double scale = gamma[c] / std::sqrt(double{variance[c]} + epsilon);
    affine.scale.push_back(static_cast<float>(scale));
    affine.shift.push_back(static_cast<float>(beta[c] - mean[c] * scale));
  }
  return affine;
}

// The node as scale and shift of the value `data`, its one input that is not constant.
std::optional<Affine> as_affine(const Graph& graph, const Node& node, ValueId data) {
  if (node.op == Op::kBatchNormalization) return batch_norm(graph, node);
  if (node.op != Op::kMul && node.op != Op::kAdd && node.op != Op::kSub && node.op != Op::kDiv) {
    return std::nullopt;
  }
  const Shape& shape = graph.value(data).shape;
  if (shape.size() != 4 || graph.value(node.outputs[0]).shape != shape) return std::nullopt;
  const bool data_first = node.inputs[0] == data;
  if (!data_first && node.op == Op::kDiv) return std::nullopt;  // c / x is not affine
  const std::vector<float> c =
      per_channel(graph, node.inputs[data_first ? 1 : 0], shape[1], shape.size());
  if (c.empty()) return std::nullopt;
  Affine affine{std::vector<float>(c.size(), 1.0F), std::vector<float>(c.size(), 0.0F)};
  for (size_t i = 0; i < c.size(); ++i) {
    switch (node.op) {
      case Op::kMul:
        affine.scale[i] = c[i];
        break;
      case Op::kDiv:
        affine.scale[i] = 1.0F / c[i];
        break;
      case Op::kAdd:
        affine.shift[i] = c[i];
        break;
      default:  // x - c, or c - x
        affine.scale[i] = data_first ? 1.0F : -1.0F;
        affine.shift[i] = data_first ? -c[i] : c[i];
    }
  }
  return affine;
}

// The weights of a convolution while nodes behind it are folded in.
struct Folded {
  Tensor weight, bias;

  void apply(const Affine& affine) {
    const auto channels = affine.scale.size();
    const std::span<float> w = weight.as<float>();
    const std::span<float> b = bias.as<float>();
    const size_t per_output = w.size() / channels;
    for (size_t c = 0; c < channels; ++c) {
      for (size_t i = 0; i < per_output; ++i) w[c * per_output + i] *= affine.scale[c];
      b[c] = b[c] * affine.scale[c] + affine.shift[c];
    }
  }
};

Folded unfolded(const Graph& graph, const Node& conv) {
  const Tensor& weight = *graph.value(conv.inputs[1]).constant;
  const bool has_bias = conv.inputs.size() > 2 && conv.inputs[2] != kNoValue;
  return {weight, has_bias ? *graph.value(conv.inputs[2]).constant
                           : Tensor(DType::kFloat32, {weight.shape()[0]})};
}

bool foldable(const Graph& graph, const Node& conv) {
  return conv.op == Op::kConv && !conv.has("activation") && conv.inputs.size() <= 3 &&
         !constant_floats(graph, conv.inputs[1]).empty() &&
         (conv.inputs.size() < 3 || conv.inputs[2] == kNoValue ||
          !constant_floats(graph, conv.inputs[2]).empty());
}

// Tap (ky, kx) of channel group g is tap (2*ky + dy[g], 2*kx + dx[g]) of a window twice as large.
Tensor unfocused_weight(const Tensor& focused, const std::vector<int64_t>& order) {
  const Shape& from = focused.shape();
  const int64_t C = from[1] / 4;
  Tensor weight(DType::kFloat32, {from[0], C, 2 * from[2], 2 * from[3]});
  const std::span<const float> w = focused.as<float>();
  const std::span<float> wide = weight.as<float>();
  size_t at = 0;
  for (int64_t oc = 0; oc < from[0]; ++oc) {
    for (int64_t channel = 0; channel < from[1]; ++channel) {
      const auto group = static_cast<size_t>(channel / C);
      for (int64_t ky = 0; ky < from[2]; ++ky) {
        for (int64_t kx = 0; kx < from[3]; ++kx) {
          const int64_t row = (oc * C + channel % C) * 2 * from[2] + 2 * ky + order[2 * group];
          const int64_t to = row * 2 * from[3] + 2 * kx + order[2 * group + 1];
          // Phases may repeat; then their weights add up.
          wide[static_cast<size_t>(to)] += w[at++];
        }
      }
    }
  }
  return weight;
}

}  // namespace

int32_t fold_focus(Graph* graph) {
  int32_t folded = 0;
  const Uses uses = compute_uses(*graph);
  for (size_t i = 0; i < graph->nodes.size(); ++i) {
    const Node& conv = graph->nodes[i];
    if (conv.op != Op::kConv || conv.integer("group") != 1) continue;
    const Node* focus = producer_of(*graph, uses, conv.inputs[0], Op::kFocus);
    if (focus == nullptr || sole_consumer(uses, conv.inputs[0]) < 0) continue;
    const std::vector<int64_t> dilations = {1, 1};
    if (conv.integers("dilations") != dilations ||
        constant_floats(*graph, conv.inputs[1]).empty()) {
      continue;
    }
    Tensor weight =
        unfocused_weight(*graph->value(conv.inputs[1]).constant, focus->integers("order"));
    const ValueId source = focus->inputs[0];
    const std::string name = graph->value(conv.outputs[0]).name;  // adding values moves them
    const ValueId weight_id = graph->add_constant(name + ".unfocused_weight", std::move(weight));
    Node& wide = graph->nodes[i];
    wide.inputs[0] = source;
    wide.inputs[1] = weight_id;
    for (const char* const key : {"kernel", "strides", "pads"}) {
      std::vector<int64_t> doubled = wide.integers(key);
      for (int64_t& pixels : doubled) pixels *= 2;
      wide.attributes[key] = std::move(doubled);
    }
    ++folded;
  }
  remove_dead_nodes(graph);
  return folded;
}

int32_t fold_into_convolutions(Graph* graph) {
  // What a fold changes, a convolution's output, it takes from the node folded: readers stay the
  // same, and so one sweep sees every chain to its end.
  const Uses uses = compute_uses(*graph);
  std::vector<bool> gone(graph->nodes.size(), false);
  int32_t folded = 0;
  for (Node& conv : graph->nodes) {
    if (!foldable(*graph, conv)) continue;
    const ValueId before = conv.outputs[0];
    std::optional<Folded> weights;
    for (int32_t next = sole_consumer(uses, before); next >= 0;
         next = sole_consumer(uses, conv.outputs[0])) {
      const Node& node = graph->nodes[static_cast<size_t>(next)];
      const std::optional<Affine> affine = as_affine(*graph, node, conv.outputs[0]);
      if (!affine) break;
      if (!weights) weights = unfolded(*graph, conv);
      weights->apply(*affine);
      conv.outputs[0] = node.outputs[0];  // the convolution answers under the later name
      gone[static_cast<size_t>(next)] = true;
      ++folded;
    }
    if (!weights) continue;
    const std::string name = graph->value(before).name;  // adding values moves them
    conv.inputs.resize(3);
    conv.inputs[1] = graph->add_constant(name + ".folded_weight", std::move(weights->weight));
    conv.inputs[2] = graph->add_constant(name + ".folded_bias", std::move(weights->bias));
  }
  remove_nodes(graph, gone);
  return folded;
}

int32_t decompose_batch_norms(Graph* graph) {
  std::vector<Node> nodes;
  int32_t spelled = 0;
  for (Node& node : graph->nodes) {
    const auto affine =
        node.op == Op::kBatchNormalization ? batch_norm(*graph, node) : std::nullopt;
    if (!affine) {
      nodes.push_back(std::move(node));
      continue;
    }
    const Value y = graph->value(node.outputs[0]);  // adding values moves them
    Shape by_channel(y.shape.size() - 1, 1);
    by_channel[0] = y.shape[1];
    const auto constant = [&](const char* suffix, const std::vector<float>& values) {
      return graph->add_constant(y.name + suffix,
                                 Tensor::of<float>(by_channel, std::span<const float>(values)));
    };
    const ValueId scale = constant(".scale", affine->scale);
    const ValueId shift = constant(".shift", affine->shift);
    const ValueId scaled = graph->add_value(y.name + ".scaled", y.dtype, y.shape);
    nodes.push_back({Op::kMul, node.name, {node.inputs[0], scale}, {scaled}, {}});
    nodes.push_back({Op::kAdd, node.name, {scaled, shift}, node.outputs, {}});
    ++spelled;
  }
  graph->nodes = std::move(nodes);
  return spelled;
}

}  // namespace pawl::engine
