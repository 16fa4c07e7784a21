#include "engine/plan/spell_out.h"

#include <algorithm>
#include <numeric>

#include "engine/graph/inference.h"
#include "engine/plan/kinds.h"
#include "engine/plan/spelling.h"

namespace pawl::engine {
namespace {

// Whether everything that `node` may be spelled with stays far from the largest tensor there can
// be: masks and their complements, windows laid side by side, matrices once for each of a batch.
bool parts_fit(const Graph& graph, const Node& node) {
  const Shape& out = graph.value(node.outputs[0]).shape;
  double largest = static_cast<double>(element_count(out));
  for (const ValueId input : node.inputs) {
    if (input == kNoValue) continue;
    const Shape& in = graph.value(input).shape;
    double elements = static_cast<double>(element_count(in));
    if (node.has("kernel") && in.size() == 4 && out.size() == 4) {
      const double places = std::max(static_cast<double>(in[2]) * static_cast<double>(in[3]),
                                     static_cast<double>(out[2]) * static_cast<double>(out[3]));
      elements = static_cast<double>(in[0]) * static_cast<double>(in[1]) * places;
    }
    if (node.op == Op::kMatMul && in.size() >= 2 && out.size() >= 2) {
      const Shape batches(out.begin(), out.end() - 2);
      elements = static_cast<double>(element_count(batches)) *
                 static_cast<double>(in[in.size() - 2]) * static_cast<double>(in.back());
    }
    largest = std::max(largest, elements);
  }
  double factor = 4.0;
  if (node.has("kernel")) {
    const std::vector<int64_t>& kernel = node.integers("kernel");
    factor = std::max(factor, static_cast<double>(kernel[0]) * static_cast<double>(kernel[1]));
  }
  return largest * factor * sizeof(float) < static_cast<double>(kTensorBytesMax);
}

}  // namespace

int32_t spell_out(Graph* graph) {
  return Spelling(graph).run();
}

Spelling::Spelling(Graph* graph) : graph_(*graph) {
  for (const Value& value : graph->values) names_.insert(value.name);
}

int32_t Spelling::run() {
  std::vector<Node> before = std::move(graph_.nodes);
  graph_.nodes.clear();
  int32_t count = 0;
  for (Node& node : before) {
    if (spelled(node)) {
      ++count;
    } else {
      nodes_.push_back(std::move(node));
    }
  }
  graph_.nodes = std::move(nodes_);
  return count;
}

void Spelling::place(Node node) {
  if (!spelled(node)) nodes_.push_back(std::move(node));
}

bool Spelling::spelled(const Node& node) {
  if (!parts_fit(graph_, node)) return false;  // lower() names it where it cannot do without
  switch (node.op) {
    case Op::kLayerNormalization:
      return layer_normalization(node);
    case Op::kBatchNormalization:
      return batch_normalization(node);
    case Op::kGelu:
      return gelu(node);
    case Op::kCast:
      return cast(node);
    case Op::kWhere:
      return where(node);
    case Op::kTile:
      return tile(node);
    case Op::kReduceMax:
    case Op::kReduceMin:
    case Op::kReduceMean:
    case Op::kReduceSum:
    case Op::kReduceProd:
      return reduction(node);
    case Op::kArgMax:
      return last_arg_max(node);
    case Op::kTopK:
      return top_k(node);
    case Op::kGatherElements:
      return gather_elements(node);
    case Op::kMatMul:
      return matmul(node);
    case Op::kConv:
      return conv(node);
    case Op::kConvTranspose:
      return conv_transpose(node);
    case Op::kMaxPool:
    case Op::kAveragePool:
      return pool(node);
    case Op::kResize:
      return resize(node);
    default:
      return false;
  }
}

std::string Spelling::fresh_name(const std::string& stem) {
  std::string name = stem;
  for (int suffix = 2; !names_.insert(name).second; ++suffix) {
    name = stem + "_" + std::to_string(suffix);
  }
  return name;
}

ValueId Spelling::add(const Node& of, Op op, std::vector<ValueId> inputs, Attributes attributes,
                      const Shape* extents) {
  Node node{op, of.name, std::move(inputs), {}, std::move(attributes)};
  const Result<std::vector<ValueType>> types = infer_types(graph_, node, extents);
  PAWL_CHECK(types.ok());  // what a valid node is spelled as is valid
  const std::string stem = graph_.value(of.outputs[0]).name + "/" + std::string(op_name(op));
  for (const ValueType& type : types.value()) {
    node.outputs.push_back(graph_.add_value(fresh_name(stem), type.dtype, type.shape));
  }
  const ValueId first = node.outputs[0];
  place(std::move(node));
  return first;
}

bool Spelling::finish(const Node& of, Op op, std::vector<ValueId> inputs, Attributes attributes) {
  place(Node{op, of.name, std::move(inputs), of.outputs, std::move(attributes)});
  return true;
}

ValueId Spelling::constant(const Node& of, Tensor tensor) {
  return graph_.add_constant(fresh_name(graph_.value(of.outputs[0]).name + "/constant"),
                             std::move(tensor));
}

ValueId Spelling::scalar(const Node& of, float value) {
  return constant(of, Tensor::of<float>({}, std::span<const float>(&value, 1)));
}

ValueId Spelling::whole_numbers(const Node& of, const Shape& shape,
                                const std::vector<int64_t>& values) {
  return constant(of, Tensor::of<int64_t>(shape, std::span<const int64_t>(values)));
}

ValueId Spelling::reshaped(const Node& of, ValueId x, const Shape& extents) {
  return add(of, Op::kReshape, {x}, {}, &extents);
}

ValueId Spelling::expanded(const Node& of, ValueId x, const Shape& extents) {
  return shape(x) == extents ? x : add(of, Op::kExpand, {x}, {}, &extents);
}

ValueId Spelling::transposed(const Node& of, ValueId x, const std::vector<int64_t>& perm) {
  return add(of, Op::kTranspose, {x}, {{"perm", perm}});
}

ValueId Spelling::sliced(const Node& of, ValueId x, size_t axis, int64_t start, int64_t count,
                         int64_t step) {
  Shape extents = shape(x);
  std::vector<int64_t> starts(extents.size(), 0);
  std::vector<int64_t> steps(extents.size(), 1);
  starts[axis] = start;
  steps[axis] = count == 1 ? 1 : step;
  extents[axis] = count;
  return add(of, Op::kSlice, {x}, {{"starts", starts}, {"steps", steps}}, &extents);
}

// (x - mean) / sqrt(mean((x - mean)^2) + epsilon) * scale + bias
bool Spelling::layer_normalization(const Node& node) {
  const ValueId x = node.inputs[0];
  std::vector<int64_t> axes(shape(x).size() - static_cast<size_t>(node.integer("axis")));
  std::iota(axes.begin(), axes.end(), node.integer("axis"));
  const Attributes over_axes = {{"axes", axes}, {"keepdims", int64_t{1}}};
  const ValueId mean = add(node, Op::kReduceMean, {x}, over_axes);
  const ValueId centred = add(node, Op::kSub, {x, mean});
  const ValueId square = add(node, Op::kMul, {centred, centred});
  const ValueId variance = add(node, Op::kReduceMean, {square}, over_axes);
  const ValueId positive = add(node, Op::kAdd, {variance, scalar(node, node.real("epsilon"))});
  const ValueId deviation = add(node, Op::kSqrt, {positive});
  const ValueId normal = add(node, Op::kDiv, {centred, deviation});
  if (node.inputs.size() < 3) return finish(node, Op::kMul, {normal, node.inputs[1]});
  const ValueId scaled = add(node, Op::kMul, {normal, node.inputs[1]});
  return finish(node, Op::kAdd, {scaled, node.inputs[2]});
}

// The same with numbers of the channels that are computed; constant ones are Mul and Add already.
bool Spelling::batch_normalization(const Node& node) {
  const ValueId x = node.inputs[0];
  Shape by_channel(shape(x).size() - 1, 1);
  by_channel[0] = shape(x)[1];
  ValueId numbers[4];  // scale, bias, mean, variance
  for (size_t i = 0; i < 4; ++i) numbers[i] = reshaped(node, node.inputs[i + 1], by_channel);
  const ValueId epsilon = scalar(node, node.real("epsilon"));
  const ValueId deviation = add(node, Op::kSqrt, {add(node, Op::kAdd, {numbers[3], epsilon})});
  const ValueId centred = add(node, Op::kSub, {x, numbers[2]});
  const ValueId normal = add(node, Op::kDiv, {centred, deviation});
  const ValueId scaled = add(node, Op::kMul, {normal, numbers[0]});
  return finish(node, Op::kAdd, {scaled, numbers[1]});
}

// x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3))); the other kind is a function of the kernels.
bool Spelling::gelu(const Node& node) {
  if (activation_of(node)) return false;
  constexpr float kRootOfTwoByPi = 0.7978845608F;
  const ValueId x = node.inputs[0];
  const ValueId cube = add(node, Op::kMul, {x, add(node, Op::kMul, {x, x})});
  const ValueId bend = add(node, Op::kMul, {cube, scalar(node, 0.044715F)});
  const ValueId bent = add(node, Op::kAdd, {x, bend});
  const ValueId angle = add(node, Op::kMul, {bent, scalar(node, kRootOfTwoByPi)});
  const ValueId gate = add(node, Op::kAdd, {add(node, Op::kTanh, {angle}), scalar(node, 1.0F)});
  const ValueId half = add(node, Op::kMul, {x, scalar(node, 0.5F)});
  return finish(node, Op::kMul, {half, gate});
}

// A number is true unless it equals 0.
bool Spelling::cast(const Node& node) {
  const DType from = graph_.value(node.inputs[0]).dtype;
  if (graph_.value(node.outputs[0]).dtype != DType::kBool || from == DType::kBool) return false;
  const ValueId zero = constant(node, Tensor(from, {}));
  return finish(node, Op::kNot, {add(node, Op::kEqual, {node.inputs[0], zero})});
}

// An element of [y, x], chosen by the condition as 0 or 1: exact whatever the other one is.
bool Spelling::where(const Node& node) {
  const Shape wide = shape(node.outputs[0]);
  const Shape row = {1, element_count(wide)};
  const auto as_row = [&](ValueId id) { return reshaped(node, expanded(node, id, wide), row); };
  const ValueId choices = add(node, Op::kConcat, {as_row(node.inputs[2]), as_row(node.inputs[1])},
                              {{"axis", int64_t{0}}});
  const ValueId index = add(node, Op::kCast, {as_row(node.inputs[0])},
                            {{"to", std::string(dtype_name(DType::kInt64))}});
  const ValueId chosen = add(node, Op::kGatherElements, {choices, index}, {{"axis", int64_t{0}}});
  return finish(node, Op::kReshape, {chosen});
}

// Axis by axis: (outer, 1, inner) broadcast along the middle. Extents of 1 have a step.
bool Spelling::tile(const Node& node) {
  const std::vector<int64_t>& repeats = node.integers("repeats");
  Shape extents = shape(node.inputs[0]);
  bool broadcasts = true;
  for (size_t d = 0; d < extents.size(); ++d) {
    broadcasts = broadcasts && (extents[d] == 1 || repeats[d] == 1);
  }
  if (broadcasts) return false;
  ValueId x = node.inputs[0];
  for (size_t d = 0; d < extents.size(); ++d) {
    if (repeats[d] == 1) continue;
    const int64_t outer =
        element_count(Shape(extents.begin(), extents.begin() + static_cast<ptrdiff_t>(d)));
    const int64_t inner = element_count(extents) / outer;
    x = expanded(node, reshaped(node, x, {outer, 1, inner}), {outer, repeats[d], inner});
    extents[d] *= repeats[d];
  }
  return finish(node, Op::kReshape, {x});
}

// Axes with others between them: moved to the end, reduced as one.
bool Spelling::reduction(const Node& node) {
  const std::vector<int64_t>& axes = node.integers("axes");
  const auto [first, last] = std::minmax_element(axes.begin(), axes.end());
  if (axes.empty()) return finish(node, Op::kIdentity, {node.inputs[0]});
  if (*last - *first == static_cast<int64_t>(axes.size()) - 1) return false;
  const auto rank = static_cast<int64_t>(shape(node.inputs[0]).size());
  std::vector<int64_t> perm;
  for (int64_t d = 0; d < rank; ++d) {
    if (std::find(axes.begin(), axes.end(), d) == axes.end()) perm.push_back(d);
  }
  std::vector<int64_t> moved(axes.size());
  std::iota(moved.begin(), moved.end(), static_cast<int64_t>(perm.size()));
  std::vector<int64_t> sorted = axes;
  std::sort(sorted.begin(), sorted.end());
  perm.insert(perm.end(), sorted.begin(), sorted.end());
  const ValueId reduced = add(node, node.op, {transposed(node, node.inputs[0], perm)},
                              {{"axes", moved}, {"keepdims", int64_t{0}}});
  return finish(node, Op::kReshape, {reduced});
}

// The last of equal maxima is the first from the other end.
bool Spelling::last_arg_max(const Node& node) {
  if (node.integer("select_last_index") == 0) return false;
  const auto axis = static_cast<size_t>(node.integer("axis"));
  const int64_t extent = shape(node.inputs[0])[axis];
  Attributes first = node.attributes;
  first["select_last_index"] = int64_t{0};
  const ValueId reversed = sliced(node, node.inputs[0], axis, extent - 1, extent, -1);
  const ValueId from_end = add(node, Op::kArgMax, {reversed}, std::move(first));
  return finish(node, Op::kSub, {whole_numbers(node, {}, {extent - 1}), from_end});
}

bool Spelling::top_k(const Node& node) {
  const Shape& in = shape(node.inputs[0]);
  const auto axis = static_cast<size_t>(node.integer("axis"));
  if (element_count(Shape(in.begin() + static_cast<ptrdiff_t>(axis) + 1, in.end())) == 1)
    return false;
  std::vector<int64_t> swap(in.size());
  std::iota(swap.begin(), swap.end(), int64_t{0});
  std::swap(swap[axis], swap.back());
  Node last{node.op, node.name, {transposed(node, node.inputs[0], swap)}, {}, node.attributes};
  last.attributes["axis"] = static_cast<int64_t>(swap.size()) - 1;
  const Result<std::vector<ValueType>> types = infer_types(graph_, last);
  PAWL_CHECK(types.ok());
  for (const ValueType& type : types.value()) {
    const std::string stem = graph_.value(node.outputs[0]).name + "/TopK";
    last.outputs.push_back(graph_.add_value(fresh_name(stem), type.dtype, type.shape));
  }
  const std::vector<ValueId> best = last.outputs;
  place(std::move(last));
  for (size_t i = 0; i < best.size(); ++i) {
    place(Node{Op::kTranspose, node.name, {best[i]}, {node.outputs[i]}, {{"perm", swap}}});
  }
  return true;
}

// Indices that leave out the end of other axes do not read it.
bool Spelling::gather_elements(const Node& node) {
  const auto axis = static_cast<size_t>(node.integer("axis"));
  ValueId x = node.inputs[0];
  for (size_t d = 0; d < shape(x).size(); ++d) {
    const int64_t count = shape(node.inputs[1])[d];
    if (d != axis && count != shape(x)[d]) x = sliced(node, x, d, 0, count);
  }
  if (x == node.inputs[0]) return false;
  return finish(node, node.op, {x, node.inputs[1]}, node.attributes);
}

// A step takes one matrix for all or one for each.
bool Spelling::matmul(const Node& node) {
  const Shape& wide = shape(node.outputs[0]);
  const Shape batches(wide.begin(), wide.end() - 2);
  std::vector<ValueId> operands;
  for (const ValueId id : node.inputs) {
    const Shape& s = shape(id);
    const int64_t count = element_count(Shape(s.begin(), s.end() - 2));
    if (count == 1 || count == element_count(batches)) {
      operands.push_back(id);
      continue;
    }
    Shape extents = batches;
    extents.insert(extents.end(), s.end() - 2, s.end());
    operands.push_back(expanded(node, id, extents));
  }
  if (operands == node.inputs) return false;
  return finish(node, node.op, std::move(operands));
}

}  // namespace pawl::engine
