// y = scale[c] * conv(x) + shift[c] is a convolution with other weights: batch norm, YOLOv7's
// ImplicitA/M, and scalars that exporters leave behind.
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

// New weight and bias constants for `conv` followed by `affine`.
void apply(Graph* graph, Node* conv, const Affine& affine) {
  const auto channels = static_cast<int64_t>(affine.scale.size());
  Tensor weight = *graph->value(conv->inputs[1]).constant;
  const auto per_output = static_cast<size_t>(weight.count() / channels);
  const std::span<float> w = weight.as<float>();
  Tensor bias(DType::kFloat32, {channels});
  const std::span<float> b = bias.as<float>();
  const bool has_bias = conv->inputs.size() > 2 && conv->inputs[2] != kNoValue;
  const std::span<const float> old =
      has_bias ? constant_floats(*graph, conv->inputs[2]) : std::span<const float>{};
  for (size_t c = 0; c < affine.scale.size(); ++c) {
    for (size_t i = 0; i < per_output; ++i) w[c * per_output + i] *= affine.scale[c];
    b[c] = (has_bias ? old[c] : 0.0F) * affine.scale[c] + affine.shift[c];
  }
  const std::string name = graph->value(conv->outputs[0]).name;  // adding values moves them
  const ValueId weight_id = graph->add_constant(name + ".folded_weight", std::move(weight));
  const ValueId bias_id = graph->add_constant(name + ".folded_bias", std::move(bias));
  conv->inputs.resize(3);
  conv->inputs[1] = weight_id;
  conv->inputs[2] = bias_id;
}

bool foldable(const Graph& graph, const Node& conv) {
  return conv.op == Op::kConv && !conv.has("activation") && conv.inputs.size() <= 3 &&
         !constant_floats(graph, conv.inputs[1]).empty() &&
         (conv.inputs.size() < 3 || conv.inputs[2] == kNoValue ||
          !constant_floats(graph, conv.inputs[2]).empty());
}

}  // namespace

int32_t fold_into_convolutions(Graph* graph) {
  int32_t folded = 0;
  bool changed = true;
  while (changed) {
    changed = false;
    const Uses uses = compute_uses(*graph);
    for (size_t i = 0; i < graph->nodes.size(); ++i) {
      Node& conv = graph->nodes[i];
      if (!foldable(*graph, conv)) continue;
      const int32_t next = sole_consumer(uses, conv.outputs[0]);
      if (next < 0) continue;
      const Node& node = graph->nodes[static_cast<size_t>(next)];
      const std::optional<Affine> affine = as_affine(*graph, node, conv.outputs[0]);
      if (!affine) continue;
      // The fused convolution answers under the later name: it computes that value.
      const ValueId result = node.outputs[0];
      apply(graph, &graph->nodes[i], *affine);
      graph->nodes[i].outputs[0] = result;
      graph->nodes.erase(graph->nodes.begin() + next);
      ++folded;
      changed = true;
      break;  // indices in `uses` are stale
    }
  }
  return folded;
}

}  // namespace pawl::engine
