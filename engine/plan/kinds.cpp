#include "engine/plan/kinds.h"

#include <algorithm>
#include <limits>

#include "engine/passes/rewrite.h"
#include "engine/plan/views.h"

namespace pawl::engine {
namespace {

using kernels::Activation;
using kernels::ActivationParams;

float real_or(const Node& node, std::string_view key, float otherwise) {
  return node.has(key) ? node.real(key) : otherwise;
}

std::optional<Activation> activation_kind(std::string_view name) {
  struct Entry {
    std::string_view name;
    Activation kind;
  };
  static constexpr Entry kEntries[] = {
      {"none", Activation::kNone},
      {"relu", Activation::kRelu},
      {"leaky_relu", Activation::kLeakyRelu},
      {"sigmoid", Activation::kSigmoid},
      {"silu", Activation::kSilu},
      {"hard_swish", Activation::kHardSwish},
      {"hard_sigmoid", Activation::kHardSigmoid},
      {"tanh", Activation::kTanh},
      {"mish", Activation::kMish},
      {"clip", Activation::kClip},
  };
  for (const Entry& entry : kEntries) {
    if (entry.name == name) return entry.kind;
  }
  return std::nullopt;
}

// A binary node whose operands the pixelwise kernel takes: equal images, or an image and one number
// a channel.
bool is_pixelwise_binary(const Graph& graph, const Node& node) {
  if (!pixelwise_op(node.op)) return false;
  const Shape& out = graph.value(node.outputs[0]).shape;
  if (graph.value(node.outputs[0]).dtype != DType::kFloat32) return false;
  const Value& a = graph.value(node.inputs[0]);
  const Value& b = graph.value(node.inputs[1]);
  const auto fits_as_pixel = [&](const Value& v, ValueId id) {
    return (v.constant && !per_channel(graph, id, out[1], out.size()).empty()) ||
           (is_image(v.shape) && v.shape == Shape{1, out[1], 1, 1});
  };
  if (a.shape == out && b.shape == out) return !a.constant && !b.constant;
  const bool commutes = node.op != Op::kSub && node.op != Op::kDiv;
  return (a.shape == out && fits_as_pixel(b, node.inputs[1])) ||
         (commutes && b.shape == out && fits_as_pixel(a, node.inputs[0]));
}

bool reduces_pixels(const Graph& graph, const Node& node) {
  const Shape& in = graph.value(node.inputs[0]).shape;
  return node.op == Op::kReduceMean && node.integer("keepdims") != 0 &&
         node.integers("axes") == std::vector<int64_t>{2, 3} && is_image(in) &&
         in[2] <= kKernelWindowMax && in[3] <= kKernelWindowMax;
}

}  // namespace

bool window_fits(const Node& node) {
  for (const char* key : {"kernel", "strides", "pads", "dilations"}) {
    for (const int64_t value : node.integers(key)) {
      if (value > kKernelWindowMax) return false;
    }
  }
  return true;
}

bool is_channel_slice(const Graph& graph, const Node& node) {
  const Shape& in = graph.value(node.inputs[0]).shape;
  const Shape& out = graph.value(node.outputs[0]).shape;
  const std::vector<int64_t>& steps = node.integers("steps");
  return is_image(in) && is_image(out) && in[2] == out[2] && in[3] == out[3] &&
         std::all_of(steps.begin(), steps.end(), [](int64_t step) { return step == 1; });
}

bool is_channel_range(const Graph& graph, const Node& node) {
  if (node.op == Op::kSlice) return is_channel_slice(graph, node);
  return node.op == Op::kSplit && node.integer("axis") == 1;
}

bool pads_pixels(const Node& node) {
  if (node.op != Op::kPad) return false;
  const std::vector<int64_t>& pads = node.integers("pads");
  return pads.size() == 8 && pads[0] == 0 && pads[1] == 0 && pads[4] == 0 && pads[5] == 0;
}

bool is_channel_gather(const Graph& graph, const Node& node) {
  if (node.op != Op::kGather || node.integer("axis") != 1) return false;
  const Value& indices = graph.value(node.inputs[1]);
  return is_image(graph.value(node.inputs[0]).shape) && indices.constant &&
         indices.dtype == DType::kInt64 && indices.shape.size() == 1;
}

bool runs_on_images(const Graph& graph, const Node& node, bool input_is_nhwc) {
  switch (node.op) {
    case Op::kConv:
    case Op::kConvTranspose:
    case Op::kMaxPool:
    case Op::kAveragePool:
    case Op::kFocus:
    case Op::kAttention:
      return true;
    case Op::kResize: {
      const Shape& in = graph.value(node.inputs[0]).shape;
      return is_image(in) && in[1] == graph.value(node.outputs[0]).shape[1];
    }
    case Op::kConcat:
    case Op::kSplit:
    case Op::kSlice:
      return input_is_nhwc;
    case Op::kGather:
      return input_is_nhwc && is_channel_gather(graph, node);
    case Op::kReduceMean:
      return input_is_nhwc && reduces_pixels(graph, node);
    case Op::kPad:
      return input_is_nhwc && pads_pixels(node);
    case Op::kDepthToSpace:
    case Op::kSpaceToDepth:
      return input_is_nhwc;
    default:
      break;
  }
  if (!input_is_nhwc) return false;
  if (node.inputs.size() == 1) return activation_of(node).has_value();
  return node.inputs.size() == 2 && is_pixelwise_binary(graph, node);
}

std::optional<ActivationParams> activation_of(const Node& node) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  switch (node.op) {
    case Op::kConv: {
      if (!node.has("activation")) return ActivationParams{};
      const std::optional<Activation> kind = activation_kind(node.text("activation"));
      if (!kind) return std::nullopt;
      return ActivationParams{*kind, real_or(node, "alpha", 0.0F), real_or(node, "beta", 0.0F)};
    }
    case Op::kRelu:
      return ActivationParams{Activation::kRelu};
    case Op::kLeakyRelu:
      return ActivationParams{Activation::kLeakyRelu, node.real("alpha")};
    case Op::kSigmoid:
      return ActivationParams{Activation::kSigmoid};
    case Op::kSilu:
      return ActivationParams{Activation::kSilu};
    case Op::kHardSwish:
      return ActivationParams{Activation::kHardSwish};
    case Op::kHardSigmoid:
      return ActivationParams{Activation::kHardSigmoid, node.real("alpha"), node.real("beta")};
    case Op::kTanh:
      return ActivationParams{Activation::kTanh};
    case Op::kMish:
      return ActivationParams{Activation::kMish};
    case Op::kGelu:
      if (node.text("approximate") != "none") return std::nullopt;
      return ActivationParams{Activation::kGelu};
    case Op::kClip:
      return ActivationParams{Activation::kClip, real_or(node, "min", -kInfinity),
                              real_or(node, "max", kInfinity)};
    default:
      return std::nullopt;
  }
}

std::optional<StepKind> rescaling_step(const Graph& graph, const Node& node) {
  if (node.op == Op::kConv || !is_image(graph.value(node.outputs[0]).shape)) return std::nullopt;
  for (const ValueId input : node.inputs) {
    if (input == kNoValue) return std::nullopt;
    const Value& value = graph.value(input);
    if (value.dtype != DType::kFloat32 || (!value.constant && !is_image(value.shape))) {
      return std::nullopt;
    }
  }
  if (node.op == Op::kAveragePool || reduces_pixels(graph, node)) return StepKind::kAveragePoolU8;
  if (node.inputs.size() == 1) {
    return activation_of(node) ? std::optional(StepKind::kTableU8) : std::nullopt;
  }
  if (node.inputs.size() != 2 || !is_pixelwise_binary(graph, node)) return std::nullopt;
  const bool constant[2] = {graph.value(node.inputs[0]).constant != nullptr,
                            graph.value(node.inputs[1]).constant != nullptr};
  if (constant[0] || constant[1]) {
    const std::span<const float> numbers = constant_floats(graph, node.inputs[constant[0] ? 0 : 1]);
    return numbers.size() == 1 ? std::optional(StepKind::kTableU8) : std::nullopt;
  }
  const bool exact = node.op == Op::kAdd || node.op == Op::kMul;
  return exact ? std::optional(StepKind::kBinaryU8) : std::nullopt;
}

std::optional<kernels::BinaryOp> pixelwise_op(Op op) {
  switch (op) {
    case Op::kAdd:
      return kernels::BinaryOp::kAdd;
    case Op::kSub:
      return kernels::BinaryOp::kSub;
    case Op::kMul:
      return kernels::BinaryOp::kMul;
    case Op::kDiv:
      return kernels::BinaryOp::kDiv;
    case Op::kMin:
      return kernels::BinaryOp::kMin;
    case Op::kMax:
      return kernels::BinaryOp::kMax;
    default:
      return std::nullopt;
  }
}

std::optional<kernels::DenseBinaryOp> dense_binary_op(Op op) {
  switch (op) {
    case Op::kAdd:
      return kernels::DenseBinaryOp::kAdd;
    case Op::kSub:
      return kernels::DenseBinaryOp::kSub;
    case Op::kMul:
      return kernels::DenseBinaryOp::kMul;
    case Op::kDiv:
      return kernels::DenseBinaryOp::kDiv;
    case Op::kMin:
      return kernels::DenseBinaryOp::kMin;
    case Op::kMax:
      return kernels::DenseBinaryOp::kMax;
    case Op::kPow:
      return kernels::DenseBinaryOp::kPow;
    case Op::kMod:
      return kernels::DenseBinaryOp::kMod;
    case Op::kEqual:
      return kernels::DenseBinaryOp::kEqual;
    case Op::kLess:
      return kernels::DenseBinaryOp::kLess;
    case Op::kGreater:
      return kernels::DenseBinaryOp::kGreater;
    case Op::kAnd:  // truth values are 0 and 1
      return kernels::DenseBinaryOp::kMin;
    case Op::kOr:
      return kernels::DenseBinaryOp::kMax;
    default:
      return std::nullopt;
  }
}

std::optional<kernels::DenseUnaryOp> dense_unary_op(Op op) {
  switch (op) {
    case Op::kExp:
      return kernels::DenseUnaryOp::kExp;
    case Op::kLog:
      return kernels::DenseUnaryOp::kLog;
    case Op::kSqrt:
      return kernels::DenseUnaryOp::kSqrt;
    case Op::kErf:
      return kernels::DenseUnaryOp::kErf;
    case Op::kNeg:
      return kernels::DenseUnaryOp::kNeg;
    case Op::kAbs:
      return kernels::DenseUnaryOp::kAbs;
    case Op::kFloor:
      return kernels::DenseUnaryOp::kFloor;
    case Op::kCeil:
      return kernels::DenseUnaryOp::kCeil;
    case Op::kReciprocal:
      return kernels::DenseUnaryOp::kReciprocal;
    case Op::kSin:
      return kernels::DenseUnaryOp::kSin;
    case Op::kCos:
      return kernels::DenseUnaryOp::kCos;
    case Op::kSoftplus:
      return kernels::DenseUnaryOp::kSoftplus;
    case Op::kElu:
      return kernels::DenseUnaryOp::kElu;
    case Op::kNot:
      return kernels::DenseUnaryOp::kNot;
    default:
      return std::nullopt;
  }
}

std::optional<kernels::DenseReduceParams::Kind> reduce_kind(Op op) {
  using Kind = kernels::DenseReduceParams::Kind;
  switch (op) {
    case Op::kSoftmax:
      return Kind::kSoftmax;
    case Op::kReduceMax:
      return Kind::kMax;
    case Op::kReduceMin:
      return Kind::kMin;
    case Op::kReduceMean:
      return Kind::kMean;
    case Op::kReduceSum:
      return Kind::kSum;
    case Op::kReduceProd:
      return Kind::kProd;
    case Op::kArgMax:
      return Kind::kArgMax;
    default:
      return std::nullopt;
  }
}

}  // namespace pawl::engine
