#include "engine/reference/reference.h"

#include <utility>

#include "engine/reference/evaluation.h"

namespace pawl::engine {
namespace reference {
namespace {

struct Row {
  Op op;
  Evaluate evaluate;
};

// clang-format off
constexpr Row kEvaluators[] = {
    {Op::kConv, conv},
    {Op::kConvTranspose, conv_transpose},
    {Op::kBatchNormalization, batch_normalization},
    {Op::kMaxPool, max_pool},
    {Op::kAveragePool, average_pool},
    {Op::kResize, resize},
    {Op::kConcat, concat},
    {Op::kSplit, split},
    {Op::kSlice, slice},
    {Op::kReshape, reshape},
    {Op::kTranspose, transpose},
    {Op::kExpand, expand},
    {Op::kTile, tile},
    {Op::kPad, pad},
    {Op::kGather, gather},
    {Op::kGatherElements, gather_elements},
    {Op::kDepthToSpace, depth_to_space},
    {Op::kSpaceToDepth, space_to_depth},
    {Op::kIdentity, unary},
    {Op::kRelu, unary},
    {Op::kLeakyRelu, unary},
    {Op::kSigmoid, unary},
    {Op::kHardSigmoid, unary},
    {Op::kHardSwish, unary},
    {Op::kTanh, unary},
    {Op::kSoftplus, unary},
    {Op::kMish, unary},
    {Op::kExp, unary},
    {Op::kLog, unary},
    {Op::kSqrt, unary},
    {Op::kErf, unary},
    {Op::kNeg, unary},
    {Op::kAbs, unary},
    {Op::kFloor, unary},
    {Op::kCeil, unary},
    {Op::kReciprocal, unary},
    {Op::kSin, unary},
    {Op::kCos, unary},
    {Op::kNot, logical_not},
    {Op::kClip, clip},
    {Op::kCast, cast},
    {Op::kElu, unary},
    {Op::kGelu, unary},
    {Op::kAdd, binary},
    {Op::kSub, binary},
    {Op::kMul, binary},
    {Op::kDiv, binary},
    {Op::kPow, binary},
    {Op::kMod, binary},
    {Op::kMin, binary},
    {Op::kMax, binary},
    {Op::kEqual, compare},
    {Op::kLess, compare},
    {Op::kGreater, compare},
    {Op::kAnd, compare},
    {Op::kOr, compare},
    {Op::kWhere, where},
    {Op::kSoftmax, softmax},
    {Op::kMatMul, matmul},
    {Op::kReduceMax, reduce},
    {Op::kReduceMin, reduce},
    {Op::kReduceMean, reduce},
    {Op::kReduceSum, reduce},
    {Op::kReduceProd, reduce},
    {Op::kArgMax, arg_max},
    {Op::kTopK, top_k},
    {Op::kLayerNormalization, layer_normalization},
    {Op::kSilu, unary},
    {Op::kFocus, focus},
    {Op::kAttention, attention},
};
// clang-format on

// In the order of enum Op, so that the operator is the index.
constexpr bool ordered() {
  for (size_t i = 0; i < std::size(kEvaluators); ++i) {
    if (static_cast<size_t>(kEvaluators[i].op) != i) return false;
  }
  return std::size(kEvaluators) == static_cast<size_t>(Op::kAttention) + 1;
}
static_assert(ordered());

Status check_inputs(const Graph& graph, std::span<const Tensor> inputs) {
  if (inputs.size() != graph.inputs.size()) {
    return refused("the graph has " + std::to_string(graph.inputs.size()) + " inputs and " +
                   std::to_string(inputs.size()) + " are given");
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Value& value = graph.value(graph.inputs[i]);
    if (inputs[i].dtype() != value.dtype || inputs[i].shape() != value.shape) {
      return refused("input \"" + value.name + "\" is " + dtype_name(value.dtype) + " " +
                     to_string(value.shape) + ", not " + dtype_name(inputs[i].dtype()) + " " +
                     to_string(inputs[i].shape()));
    }
  }
  return {};
}

}  // namespace
}  // namespace reference

Result<std::vector<Tensor>> evaluate_node(const Graph& graph, const Node& node,
                                          std::span<const Tensor* const> inputs) {
  std::vector<Tensor> outputs;
  for (const ValueId id : node.outputs) {
    const Value& value = graph.value(id);
    outputs.emplace_back(value.dtype, value.shape);
  }
  PAWL_CHECK(inputs.size() == node.inputs.size());
  const auto& row = reference::kEvaluators[static_cast<size_t>(node.op)];
  PAWL_TRY(row.evaluate(reference::Evaluation{node, inputs, outputs}));
  return outputs;
}

Result<std::vector<Tensor>> run_reference(const Graph& graph, std::span<const Tensor> inputs,
                                          const ValueObserver& observer) {
  PAWL_TRY(reference::check_inputs(graph, inputs));
  const Uses uses = compute_uses(graph);
  std::vector<Tensor> produced(graph.values.size());
  std::vector<const Tensor*> known(graph.values.size(), nullptr);
  for (size_t i = 0; i < graph.values.size(); ++i) known[i] = graph.values[i].constant.get();
  for (size_t i = 0; i < inputs.size(); ++i) {
    known[static_cast<size_t>(graph.inputs[i])] = &inputs[i];
  }
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    const Node& node = graph.nodes[n];
    std::vector<const Tensor*> arguments;
    for (const ValueId id : node.inputs) {
      arguments.push_back(id == kNoValue ? nullptr : known[static_cast<size_t>(id)]);
      PAWL_CHECK(id == kNoValue || arguments.back() != nullptr);
    }
    auto outputs = PAWL_TRY(
        evaluate_node(graph, node, arguments)
            .context("node \"" + node.name + "\" (" + std::string(op_name(node.op)) + ")"));
    for (size_t i = 0; i < outputs.size(); ++i) {
      const size_t id = static_cast<size_t>(node.outputs[i]);
      produced[id] = std::move(outputs[i]);
      known[id] = &produced[id];
      if (observer) observer(node.outputs[i], produced[id]);
    }
    // What this node read last, or wrote for nobody, is freed.
    const auto release = [&](ValueId id) {
      const size_t at = static_cast<size_t>(id);
      const auto& consumers = uses.consumers[at];
      const bool wanted = !consumers.empty() && consumers.back() > static_cast<int32_t>(n);
      if (!wanted && !uses.is_output[at]) produced[at] = Tensor();
    };
    for (const ValueId id : node.inputs) {
      if (id != kNoValue) release(id);
    }
    for (const ValueId id : node.outputs) release(id);
  }
  std::vector<Tensor> results;
  for (const ValueId id : graph.outputs) results.push_back(*known[static_cast<size_t>(id)]);
  return results;
}

}  // namespace pawl::engine
