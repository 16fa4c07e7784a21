// Activations: spelled out by exporters, recognised here, then pulled into the convolution before.
#include <optional>
#include <vector>

#include "engine/passes/passes.h"
#include "engine/passes/rewrite.h"

namespace pawl::engine {
namespace {

// What Mul(x, gate) is, when gate is made from x alone and read by nobody else.
std::optional<Op> gated(const Graph& graph, const Uses& uses, ValueId x, ValueId gate) {
  if (sole_consumer(uses, gate) < 0) return std::nullopt;
  if (const Node* sigmoid = producer_of(graph, uses, gate, Op::kSigmoid)) {
    if (sigmoid->inputs[0] == x) return Op::kSilu;
  }
  if (const Node* hard = producer_of(graph, uses, gate, Op::kHardSigmoid)) {
    const bool is_hard_swish = hard->real("beta") == 0.5F && hard->real("alpha") > 0.16666F &&
                               hard->real("alpha") < 0.16667F;
    if (hard->inputs[0] == x && is_hard_swish) return Op::kHardSwish;
  }
  if (const Node* tanh = producer_of(graph, uses, gate, Op::kTanh)) {
    const Node* softplus = producer_of(graph, uses, tanh->inputs[0], Op::kSoftplus);
    if (softplus != nullptr && softplus->inputs[0] == x &&
        sole_consumer(uses, softplus->outputs[0]) >= 0) {
      return Op::kMish;
    }
  }
  return std::nullopt;
}

// The attribute value for an activation a convolution can carry; null for other operators.
const char* fused_name(Op op) {
  switch (op) {
    case Op::kRelu:
      return "relu";
    case Op::kLeakyRelu:
      return "leaky_relu";
    case Op::kSigmoid:
      return "sigmoid";
    case Op::kSilu:
      return "silu";
    case Op::kHardSwish:
      return "hard_swish";
    case Op::kHardSigmoid:
      return "hard_sigmoid";
    case Op::kTanh:
      return "tanh";
    case Op::kMish:
      return "mish";
    case Op::kClip:
      return "clip";
    default:
      return nullptr;
  }
}

void set_parameters(const Node& activation, Node* conv) {
  if (activation.op == Op::kLeakyRelu) conv->attributes["alpha"] = activation.real("alpha");
  if (activation.op == Op::kHardSigmoid) {
    conv->attributes["alpha"] = activation.real("alpha");
    conv->attributes["beta"] = activation.real("beta");
  }
  if (activation.op == Op::kClip) {
    conv->attributes["alpha"] = activation.real("min");
    conv->attributes["beta"] = activation.real("max");
  }
}

}  // namespace

int32_t recognise_activations(Graph* graph) {
  const Uses uses = compute_uses(*graph);
  int32_t recognised = 0;
  for (Node& node : graph->nodes) {
    if (node.op != Op::kMul) continue;
    std::optional<Op> op = gated(*graph, uses, node.inputs[0], node.inputs[1]);
    ValueId x = node.inputs[0];
    if (!op) {
      op = gated(*graph, uses, node.inputs[1], node.inputs[0]);
      x = node.inputs[1];
    }
    if (!op) continue;
    node.op = *op;
    node.inputs = {x};
    node.attributes.clear();
    ++recognised;
  }
  remove_dead_nodes(graph);
  return recognised;
}

int32_t fuse_activations(Graph* graph) {
  const Uses uses = compute_uses(*graph);
  std::vector<bool> gone(graph->nodes.size(), false);
  int32_t fused = 0;
  for (Node& conv : graph->nodes) {
    if (conv.op != Op::kConv || conv.has("activation") || conv.inputs.size() > 3) continue;
    if (!has_constant_weights(*graph, conv)) continue;
    const int32_t next = sole_consumer(uses, conv.outputs[0]);
    if (next < 0) continue;
    const Node& activation = graph->nodes[static_cast<size_t>(next)];
    const char* name = fused_name(activation.op);
    if (name == nullptr) continue;
    conv.attributes["activation"] = std::string(name);
    set_parameters(activation, &conv);
    conv.outputs[0] = activation.outputs[0];
    gone[static_cast<size_t>(next)] = true;
    ++fused;
  }
  remove_nodes(graph, gone);
  remove_dead_nodes(graph);
  return fused;
}

}  // namespace pawl::engine
