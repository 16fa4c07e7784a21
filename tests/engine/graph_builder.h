// Graphs for tests, a few lines each: canonical nodes with random weights and inferred shapes.
//
// Values are named v0, v1, ... in the order they are made, nodes "<op> v<output>". What a call
// cannot mean (shapes that do not fit) throws std::invalid_argument with inference's message.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "engine/graph/graph.h"
#include "engine/graph/inference.h"

namespace pawl::test {

using engine::Attribute;
using engine::DType;
using engine::Graph;
using engine::Node;
using engine::Op;
using engine::Shape;
using engine::Tensor;
using engine::ValueId;
using Ints = std::vector<int64_t>;
using Attributes = std::vector<std::pair<std::string, Attribute>>;

struct ConvOptions {
  int64_t kernel_h = 1, kernel_w = 1;
  std::array<int64_t, 2> strides = {1, 1};
  std::array<int64_t, 4> pads = {0, 0, 0, 0};  // top, left, bottom, right
  std::array<int64_t, 2> dilations = {1, 1};
  int64_t group = 1;
  bool bias = true;
  float bias_mean = 0.0F;
};

// k x k, "same" padding.
inline ConvOptions square(int64_t k, int64_t stride = 1, int64_t group = 1) {
  const int64_t p = k / 2;
  return {.kernel_h = k,
          .kernel_w = k,
          .strides = {stride, stride},
          .pads = {p, p, p, p},
          .group = group};
}

class GraphBuilder {
 public:
  explicit GraphBuilder(uint64_t seed) : random_(seed) {
    graph_.name = "seed " + std::to_string(seed);
  }

  std::mt19937_64& random() { return random_; }
  const Shape& shape(ValueId id) const { return graph_.value(id).shape; }
  const std::string& name(ValueId id) const { return graph_.value(id).name; }
  // Uniform in [low, high].
  int64_t pick(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random_);
  }
  bool coin() { return pick(0, 1) == 1; }

  ValueId input(Shape shape, std::string value_name = "images") {
    const ValueId id = graph_.add_value(std::move(value_name), DType::kFloat32, std::move(shape));
    graph_.inputs.push_back(id);
    return id;
  }
  ValueId constant(Shape shape, const std::vector<float>& values) {
    return graph_.add_constant(next_name(),
                               Tensor::of<float>(std::move(shape), std::span<const float>(values)));
  }
  ValueId indices(Shape shape, const Ints& values) {
    return graph_.add_constant(
        next_name(), Tensor::of<int64_t>(std::move(shape), std::span<const int64_t>(values)));
  }
  ValueId scalar(float value) { return constant({}, {value}); }
  ValueId random_constant(const Shape& shape, float low = -1.0F, float high = 1.0F) {
    std::uniform_real_distribution<float> uniform(low, high);
    std::vector<float> values(static_cast<size_t>(engine::element_count(shape)));
    for (float& value : values) value = uniform(random_);
    return constant(shape, values);
  }

  std::vector<ValueId> nodes(Op op, std::vector<ValueId> inputs, size_t outputs,
                             const Attributes& attributes = {}, const Shape* extents = nullptr) {
    Node node;
    node.op = op;
    node.inputs = std::move(inputs);
    node.outputs.assign(outputs, engine::kNoValue);
    for (const auto& [key, value] : attributes) node.attributes[key] = value;
    const auto types = engine::infer_types(graph_, node, extents);
    if (!types.ok()) {
      throw std::invalid_argument(std::string(op_name(op)) + ": " + types.error().message);
    }
    for (size_t i = 0; i < outputs; ++i) {
      const engine::ValueType& type = types.value()[i];
      node.outputs[i] = graph_.add_value(next_name(), type.dtype, type.shape);
    }
    node.name = std::string(op_name(op)) + " " + name(node.outputs[0]);
    const std::vector<ValueId> made = node.outputs;
    graph_.nodes.push_back(std::move(node));
    return made;
  }
  ValueId node(Op op, std::vector<ValueId> inputs, const Attributes& attributes = {},
               const Shape* extents = nullptr) {
    return nodes(op, std::move(inputs), 1, attributes, extents)[0];
  }

  // Weights scaled so that values keep their size from layer to layer.
  ValueId conv(ValueId x, int64_t channels, const ConvOptions& o = {}) {
    const int64_t per_group = shape(x)[1] / o.group;
    const auto fan_in = static_cast<float>(per_group * o.kernel_h * o.kernel_w);
    const float range = 1.7F / std::sqrt(fan_in);
    std::vector<ValueId> inputs = {
        x, random_constant({channels, per_group, o.kernel_h, o.kernel_w}, -range, range)};
    if (o.bias) {
      inputs.push_back(random_constant({channels}, o.bias_mean - 0.3F, o.bias_mean + 0.3F));
    }
    return node(Op::kConv, inputs, window(o));
  }
  // Kernel equal to stride.
  ValueId conv_transpose(ValueId x, int64_t channels, int64_t kh, int64_t kw, bool bias) {
    std::vector<ValueId> inputs = {x, random_constant({shape(x)[1], channels, kh, kw})};
    if (bias) inputs.push_back(random_constant({channels}));
    Attributes attributes = window({.kernel_h = kh, .kernel_w = kw, .strides = {kh, kw}});
    attributes.emplace_back("output_padding", Ints{0, 0});
    return node(Op::kConvTranspose, inputs, attributes);
  }
  ValueId batch_norm(ValueId x) {
    const int64_t C = shape(x)[1];
    const ValueId gamma = random_constant({C}, 0.5F, 1.5F);
    const ValueId beta = random_constant({C});
    const ValueId mean = random_constant({C});
    const ValueId variance = random_constant({C}, 0.2F, 2.0F);
    return node(Op::kBatchNormalization, {x, gamma, beta, mean, variance}, {{"epsilon", 1e-3F}});
  }
  ValueId pool(Op op, ValueId x, const ConvOptions& o, bool count_padding = false) {
    Attributes attributes = window(o);
    attributes.pop_back();  // group
    if (op == Op::kAveragePool) {
      attributes.emplace_back("count_include_pad", int64_t{count_padding});
    }
    return node(op, {x}, attributes);
  }
  ValueId unary(Op op, ValueId x) { return node(op, {x}); }
  ValueId binary(Op op, ValueId a, ValueId b) {
    if (op == Op::kMod) return node(op, {a, b}, {{"fmod", int64_t{0}}});
    return node(op, {a, b});
  }
  ValueId silu(ValueId x) { return binary(Op::kMul, x, unary(Op::kSigmoid, x)); }
  ValueId concat(std::vector<ValueId> parts, int64_t axis) {
    return node(Op::kConcat, std::move(parts), {{"axis", axis}});
  }
  std::vector<ValueId> split(ValueId x, int64_t axis, const Ints& extents) {
    return nodes(Op::kSplit, {x}, extents.size(), {{"axis", axis}, {"split", extents}});
  }
  ValueId slice(ValueId x, const Ints& starts, const Ints& steps, const Shape& extents) {
    return node(Op::kSlice, {x}, {{"starts", starts}, {"steps", steps}}, &extents);
  }
  // `count` indices of one axis from `start`.
  ValueId slice_axis(ValueId x, size_t axis, int64_t start, int64_t count, int64_t step = 1) {
    Ints starts(shape(x).size(), 0);
    Ints steps(shape(x).size(), 1);
    Shape extents = shape(x);
    starts[axis] = start;
    steps[axis] = step;
    extents[axis] = count;
    return slice(x, starts, steps, extents);
  }
  ValueId reshape(ValueId x, const Shape& extents) { return node(Op::kReshape, {x}, {}, &extents); }
  ValueId expand(ValueId x, const Shape& extents) { return node(Op::kExpand, {x}, {}, &extents); }
  ValueId transpose(ValueId x, const Ints& perm) {
    return node(Op::kTranspose, {x}, {{"perm", perm}});
  }
  ValueId softmax(ValueId x, int64_t axis) { return node(Op::kSoftmax, {x}, {{"axis", axis}}); }
  ValueId reduce(Op op, ValueId x, const Ints& axes, bool keep) {
    return node(op, {x}, {{"axes", axes}, {"keepdims", int64_t{keep}}});
  }
  ValueId gather(ValueId x, ValueId index, int64_t axis) {
    return node(Op::kGather, {x, index}, {{"axis", axis}});
  }
  ValueId gather_elements(ValueId x, ValueId index, int64_t axis) {
    return node(Op::kGatherElements, {x, index}, {{"axis", axis}});
  }
  std::vector<ValueId> top_k(ValueId x, int64_t axis, int64_t k, bool largest = true) {
    return nodes(Op::kTopK, {x}, 2,
                 {{"axis", axis}, {"k", k}, {"largest", int64_t{largest}}, {"sorted", int64_t{1}}});
  }
  ValueId cast(ValueId x, DType to) {
    return node(Op::kCast, {x}, {{"to", std::string(dtype_name(to))}});
  }
  ValueId resize(ValueId x, int64_t height, int64_t width, const char* mode, const char* coordinate,
                 const char* nearest) {
    const Shape& in = shape(x);
    const Shape extents = {in[0], in[1], height, width};
    const std::vector<float> scales = {1.0F, 1.0F,
                                       static_cast<float>(height) / static_cast<float>(in[2]),
                                       static_cast<float>(width) / static_cast<float>(in[3])};
    return node(Op::kResize, {x},
                {{"scales", scales},
                 {"mode", std::string(mode)},
                 {"coordinate", std::string(coordinate)},
                 {"nearest", std::string(nearest)}},
                &extents);
  }

  // The graph so far, with these outputs.
  Graph finish(std::vector<ValueId> outputs) const {
    Graph graph = graph_;
    graph.outputs = std::move(outputs);
    return graph;
  }

 private:
  static Attributes window(const ConvOptions& o) {
    return {{"kernel", Ints{o.kernel_h, o.kernel_w}},
            {"strides", Ints(o.strides.begin(), o.strides.end())},
            {"pads", Ints(o.pads.begin(), o.pads.end())},
            {"dilations", Ints(o.dilations.begin(), o.dilations.end())},
            {"group", o.group}};
  }
  std::string next_name() { return "v" + std::to_string(graph_.values.size()); }

  Graph graph_;
  std::mt19937_64 random_;
};

// Normal values for every input of the graph.
inline std::vector<Tensor> random_inputs(const Graph& graph, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal(0.0F, 1.0F);
  std::vector<Tensor> tensors;
  for (const ValueId id : graph.inputs) {
    tensors.emplace_back(DType::kFloat32, graph.value(id).shape);
    for (float& value : tensors.back().as<float>()) value = normal(random);
  }
  return tensors;
}

// Elements as floats, whatever their type: how a plan carries them.
inline std::vector<float> floats_of(const Tensor& tensor) {
  switch (tensor.dtype()) {
    case DType::kFloat32:
      return {tensor.as<float>().begin(), tensor.as<float>().end()};
    case DType::kInt64:
      return {tensor.as<int64_t>().begin(), tensor.as<int64_t>().end()};
    case DType::kInt32:
      return {tensor.as<int32_t>().begin(), tensor.as<int32_t>().end()};
    case DType::kInt8:
      return {tensor.as<int8_t>().begin(), tensor.as<int8_t>().end()};
    default:
      return {tensor.as<uint8_t>().begin(), tensor.as<uint8_t>().end()};
  }
}

// Largest |a - b| over the largest |b| (at least 1e-3); infinity where sizes differ or a value is
// not a number on one side only.
inline double relative_error(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size()) return INFINITY;
  double largest = 1e-3;
  double error = 0.0;
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::isnan(a[i]) && std::isnan(b[i])) continue;
    if (a[i] == b[i]) {
      if (std::isfinite(b[i])) largest = std::max(largest, std::abs(double{b[i]}));
      continue;
    }
    const double difference = std::abs(double{a[i]} - b[i]);
    if (!std::isfinite(difference)) return INFINITY;
    error = std::max(error, difference);
    largest = std::max(largest, std::abs(double{b[i]}));
  }
  return error / largest;
}

}  // namespace pawl::test
