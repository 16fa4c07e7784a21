#include "engine/passes/rearrangement.h"

#include <algorithm>

#include "engine/passes/rewrite.h"

namespace pawl::engine {
namespace {

int64_t extent_of(std::span<const Step> steps) {
  int64_t extent = 1;
  for (const Step& step : steps) extent *= step.extent;
  return extent;
}

// Elements [start, start + extent) of an axis, every `stride`-th. Moves *first to the first of
// them.
std::optional<Steps> narrowed(std::span<const Step> steps, int64_t start, int64_t extent,
                              int64_t stride, int64_t* first) {
  if (start < 0 || extent < 1) return std::nullopt;
  if (start == 0 && extent == extent_of(steps) && (stride == 1 || extent == 1)) {
    return Steps(steps.begin(), steps.end());
  }
  if (steps.empty()) return std::nullopt;
  const Step& outer = steps[0];
  const std::span<const Step> inner = steps.subspan(1);
  if (inner.empty()) {
    *first += start * outer.stride;
    return normal(std::vector<Step>{{extent, outer.stride * stride}});
  }
  if (stride != 1) return std::nullopt;
  const int64_t block = extent_of(inner);
  *first += start / block * outer.stride;
  if (start % block == 0 && extent % block == 0) {  // whole blocks
    Steps kept = {{extent / block, outer.stride}};
    kept.insert(kept.end(), inner.begin(), inner.end());
    return normal(kept);
  }
  if (start / block != (start + extent - 1) / block) return std::nullopt;
  return narrowed(inner, start % block, extent, 1, first);  // inside one block
}

// The same elements in the same order, under other extents.
std::optional<std::vector<Steps>> regrouped(const Rearrangement& value, const Shape& shape) {
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return std::nullopt;
  Steps left = joined(value, 0, value.axes.size());
  size_t at = 0;
  std::vector<Steps> axes;
  for (const int64_t extent : shape) {
    int64_t wanted = extent;
    Steps taken;
    while (wanted > 1) {
      if (at == left.size()) return std::nullopt;
      Step& step = left[at];
      if (wanted % step.extent == 0) {
        taken.push_back(step);
        wanted /= step.extent;
        ++at;
      } else if (step.extent % wanted == 0) {
        step.extent /= wanted;
        taken.push_back({wanted, step.stride * step.extent});
        wanted = 1;
      } else {
        return std::nullopt;
      }
    }
    axes.push_back(normal(taken));
  }
  return at == left.size() ? std::optional(axes) : std::nullopt;
}

std::optional<Rearrangement> sliced(const Graph& graph, const Node& node, size_t index,
                                    Rearrangement value) {
  const Shape& out = graph.value(node.outputs[index]).shape;
  for (size_t d = 0; d < out.size(); ++d) {
    int64_t start = 0;
    int64_t stride = 1;
    if (node.op == Op::kSlice) {
      start = node.integers("starts")[d];
      stride = node.integers("steps")[d];
    } else if (d == static_cast<size_t>(node.integer("axis"))) {
      const std::vector<int64_t>& extents = node.integers("split");
      for (size_t i = 0; i < index; ++i) start += extents[i];
    }
    std::optional<Steps> kept = narrowed(value.axes[d], start, out[d], stride, &value.start);
    if (!kept) return std::nullopt;
    value.axes[d] = std::move(*kept);
  }
  return value;
}

// Gather of one index, which drops the axis, or of consecutive ones.
std::optional<Rearrangement> gathered(const Graph& graph, const Node& node, Rearrangement value) {
  const Value& indices = graph.value(node.inputs[1]);
  const auto axis = static_cast<size_t>(node.integer("axis"));
  if (!indices.constant || indices.dtype != DType::kInt64 || indices.shape.size() > 1) {
    return std::nullopt;
  }
  const std::span<const int64_t> index = indices.constant->as<int64_t>();
  const int64_t extent = extent_of(value.axes[axis]);
  if (index.empty()) return std::nullopt;
  const int64_t first = index[0] < 0 ? index[0] + extent : index[0];
  for (size_t i = 0; i < index.size(); ++i) {
    const int64_t at = index[i] < 0 ? index[i] + extent : index[i];
    if (at != first + static_cast<int64_t>(i)) return std::nullopt;
  }
  std::optional<Steps> kept =
      narrowed(value.axes[axis], first, static_cast<int64_t>(index.size()), 1, &value.start);
  if (!kept) return std::nullopt;
  value.axes[axis] = std::move(*kept);
  if (indices.shape.empty()) {
    value.axes.erase(value.axes.begin() + static_cast<std::ptrdiff_t>(axis));
  }
  return value;
}

// The one number that a constant consists of.
std::optional<float> uniform(const Graph& graph, ValueId constant) {
  const std::span<const float> values = constant_floats(graph, constant);
  if (values.empty()) return std::nullopt;
  const bool same =
      std::all_of(values.begin(), values.end(), [&](float v) { return v == values[0]; });
  return same ? std::optional(values[0]) : std::nullopt;
}

bool multiplies(const Node& node) {
  return node.op == Op::kMul || node.op == Op::kDiv;
}

std::optional<Rearrangement> scaled(const Graph& graph, const Node& node, Rearrangement value) {
  const bool constant_first = graph.value(node.inputs[0]).constant != nullptr;
  if (constant_first && node.op == Op::kDiv) return std::nullopt;
  const std::optional<float> factor = uniform(graph, node.inputs[constant_first ? 0 : 1]);
  const Shape& in = graph.value(node.inputs[constant_first ? 1 : 0]).shape;
  if (!factor || graph.value(node.outputs[0]).shape != in) return std::nullopt;
  value.scale *= node.op == Op::kMul ? *factor : 1.0F / *factor;
  return value;
}

// The input that the node moves or scales.
ValueId moved_input(const Graph& graph, const Node& node) {
  if (node.inputs.empty()) return kNoValue;
  const bool second = multiplies(node) && graph.value(node.inputs[0]).constant != nullptr;
  return node.inputs[second ? 1 : 0];
}

}  // namespace

Steps normal(std::span<const Step> steps) {
  Steps one_form;
  for (const Step& step : steps) {
    if (step.extent == 1) continue;
    if (!one_form.empty() && one_form.back().stride == step.extent * step.stride) {
      one_form.back() = {one_form.back().extent * step.extent, step.stride};
    } else {
      one_form.push_back(step);
    }
  }
  return one_form;
}

Steps joined(const Rearrangement& value, size_t first, size_t last) {
  Steps all;
  for (size_t i = first; i < last; ++i) {
    all.insert(all.end(), value.axes[i].begin(), value.axes[i].end());
  }
  return normal(all);
}

Rearrangement unmoved(const Graph& graph, ValueId value) {
  const Shape& shape = graph.value(value).shape;
  Rearrangement self{.source = value, .start = 0, .scale = 1.0F, .axes = {}};
  self.axes.resize(shape.size());
  int64_t stride = 1;
  for (size_t d = shape.size(); d-- > 0;) {
    self.axes[d] = normal(std::vector<Step>{{shape[d], stride}});
    stride *= shape[d];
  }
  return self;
}

std::optional<Rearrangement> rearranged(const Graph& graph, const Node& node, size_t index,
                                        const Rearrangement& input) {
  switch (node.op) {
    case Op::kIdentity:
      return input;
    case Op::kReshape: {
      auto axes = regrouped(input, graph.value(node.outputs[0]).shape);
      if (!axes) return std::nullopt;
      return Rearrangement{input.source, input.start, input.scale, std::move(*axes)};
    }
    case Op::kTranspose: {
      Rearrangement turned = input;
      const std::vector<int64_t>& perm = node.integers("perm");
      for (size_t d = 0; d < perm.size(); ++d) {
        turned.axes[d] = input.axes[static_cast<size_t>(perm[d])];
      }
      return turned;
    }
    case Op::kSplit:
    case Op::kSlice:
      return sliced(graph, node, index, input);
    case Op::kGather:
      return gathered(graph, node, input);
    case Op::kMul:
    case Op::kDiv:
      return scaled(graph, node, input);
    default:
      return std::nullopt;
  }
}

std::vector<Rearrangement> rearrangements(const Graph& graph) {
  std::vector<Rearrangement> all(graph.values.size());
  for (const ValueId id : graph.inputs) all[static_cast<size_t>(id)] = unmoved(graph, id);
  for (const Node& node : graph.nodes) {
    const ValueId from = moved_input(graph, node);
    // Nothing upstream where the input is a constant or absent.
    const bool known = from != kNoValue && all[static_cast<size_t>(from)].source != kNoValue;
    const bool scales_image = known && multiplies(node) && graph.value(from).shape.size() == 4 &&
                              all[static_cast<size_t>(from)].source == from;
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      const ValueId id = node.outputs[i];
      if (id == kNoValue) continue;
      std::optional<Rearrangement> moved;
      if (known && !scales_image) {
        moved = rearranged(graph, node, i, all[static_cast<size_t>(from)]);
      }
      all[static_cast<size_t>(id)] = moved ? std::move(*moved) : unmoved(graph, id);
    }
  }
  return all;
}

}  // namespace pawl::engine
