#include "engine/compile/value_parts.h"

#include <algorithm>
#include <optional>

namespace pawl::engine {
namespace {

using Source = OutputPart::Source;

constexpr size_t kPartsMax = 16;  // of an axis: one of more is not a row of a few kinds of numbers

AxisParts one_part(int64_t extent, Source source, bool whole = false) {
  return {OutputPart{.extent = extent, .source = source, .whole = whole}};
}

Source common_source(const AxisParts& parts) {
  for (const OutputPart& part : parts) {
    if (part.source != parts[0].source) return Source::kUnknown;
  }
  return parts.empty() ? Source::kUnknown : parts[0].source;
}

AxisParts bounded(AxisParts parts, int64_t extent) {
  if (parts.size() <= kPartsMax) return parts;
  return one_part(extent, common_source(parts));
}

AxisParts with_source(AxisParts parts, Source source) {
  for (OutputPart& part : parts) part.source = source;
  return parts;
}

// Elements [first, first + extent).
AxisParts range_of(const AxisParts& parts, int64_t first, int64_t extent) {
  AxisParts range;
  int64_t begin = 0;
  for (const OutputPart& part : parts) {
    const int64_t from = std::max(begin, first);
    const int64_t to = std::min(begin + part.extent, first + extent);
    begin += part.extent;
    if (from >= to) continue;
    OutputPart cut = part;
    cut.extent = to - from;
    cut.whole = part.whole && cut.extent == part.extent;
    range.push_back(cut);
  }
  return range;
}

// Two of the same extent, cut wherever either is.
AxisParts merged(const AxisParts& a, const AxisParts& b) {
  AxisParts parts;
  size_t i = 0, j = 0;
  int64_t left_a = a.empty() ? 0 : a[0].extent;
  int64_t left_b = b.empty() ? 0 : b[0].extent;
  while (i < a.size() && j < b.size()) {
    const int64_t extent = std::min(left_a, left_b);
    const bool aligned = extent == a[i].extent && extent == b[j].extent;
    parts.push_back({.extent = extent,
                     .source = a[i].source == b[j].source ? a[i].source : Source::kUnknown,
                     .whole = aligned && a[i].whole && b[j].whole});
    left_a -= extent;
    left_b -= extent;
    if (left_a == 0 && ++i < a.size()) left_a = a[i].extent;
    if (left_b == 0 && ++j < b.size()) left_b = b[j].extent;
  }
  return parts;
}

class PartsWalk {
 public:
  explicit PartsWalk(const Graph& graph) : graph_(graph), parts_(graph.values.size()) {}

  std::vector<std::vector<AxisParts>> run() {
    for (size_t id = 0; id < parts_.size(); ++id) {
      const Value& value = graph_.values[id];
      fill(static_cast<ValueId>(id), value.constant ? Source::kConstant : Source::kUnknown);
    }
    for (const Node& node : graph_.nodes) visit(node);
    return std::move(parts_);
  }

 private:
  std::vector<AxisParts>& of(ValueId id) { return parts_[static_cast<size_t>(id)]; }
  const Shape& shape(ValueId id) const { return graph_.value(id).shape; }

  void fill(ValueId id, Source source) {
    of(id).clear();
    for (const int64_t extent : shape(id)) of(id).push_back(one_part(extent, source));
  }

  Source source_of(ValueId id) {
    std::optional<Source> source;
    for (const AxisParts& axis : of(id)) {
      if (source && *source != common_source(axis)) return Source::kUnknown;
      source = common_source(axis);
    }
    return source.value_or(Source::kUnknown);
  }

  void visit(const Node& node) {
    switch (node.op) {
      case Op::kConv:
        fill(node.outputs[0], Source::kConvolution);
        of(node.outputs[0])[1][0].whole = true;
        return;
      case Op::kSigmoid:
      case Op::kHardSigmoid:
        return elementwise(node, Source::kSigmoid);
      case Op::kIdentity:
        of(node.outputs[0]) = of(node.inputs[0]);
        return;
      case Op::kCast:
        return cast(node);
      case Op::kTranspose:
        return transpose(node);
      case Op::kReshape:
        return reshape(node);
      case Op::kConcat:
        return concat(node);
      case Op::kSplit:
        return split(node);
      case Op::kSlice:
        return slice(node);
      case Op::kGatherElements:
      case Op::kExpand:
      case Op::kTile:
        return kept_axes(node);
      default:
        break;
    }
    const bool binary = node.op >= Op::kAdd && node.op <= Op::kWhere;
    const bool unary = node.op >= Op::kRelu && node.op <= Op::kGelu;
    if (unary || binary) return elementwise(node, Source::kArithmetic);
    for (const ValueId output : node.outputs) fill(output, Source::kArithmetic);
  }

  // Axes counted from the end, as broadcasting does. A constant cuts nothing.
  void elementwise(const Node& node, Source source) {
    const ValueId output = node.outputs[0];
    fill(output, source);
    const size_t rank = shape(output).size();
    for (const ValueId input : node.inputs) {
      if (input == kNoValue || graph_.value(input).constant != nullptr) continue;
      const size_t skipped = rank - shape(input).size();
      for (size_t axis = 0; axis < shape(input).size(); ++axis) {
        AxisParts& parts = of(output)[axis + skipped];
        if (shape(input)[axis] != shape(output)[axis + skipped]) continue;
        AxisParts own = with_source(of(input)[axis], source);
        const bool first = parts.size() == 1 && !parts[0].whole;
        parts = bounded(first ? std::move(own) : merged(parts, own), shape(output)[axis + skipped]);
      }
    }
  }

  void cast(const Node& node) {
    of(node.outputs[0]) = of(node.inputs[0]);
    const bool numbered = graph_.value(node.inputs[0]).dtype != DType::kFloat32 &&
                          graph_.value(node.inputs[0]).dtype != DType::kBool &&
                          graph_.value(node.outputs[0]).dtype == DType::kFloat32;
    if (!numbered) return;
    for (AxisParts& axis : of(node.outputs[0])) axis = with_source(axis, Source::kIndex);
  }

  void transpose(const Node& node) {
    const std::vector<int64_t>& perm = node.integers("perm");
    for (size_t axis = 0; axis < perm.size(); ++axis) {
      of(node.outputs[0])[axis] = of(node.inputs[0])[static_cast<size_t>(perm[axis])];
    }
  }

  // An axis goes through where as many numbers lie in front of it and behind it as before.
  void reshape(const Node& node) {
    const Shape& in = shape(node.inputs[0]);
    const Shape& out = shape(node.outputs[0]);
    fill(node.outputs[0], source_of(node.inputs[0]));
    int64_t before_out = 1;
    for (size_t o = 0; o < out.size(); ++o) {
      int64_t before_in = 1;
      for (size_t i = 0; i < in.size(); ++i) {
        if (before_in == before_out && in[i] == out[o]) {
          of(node.outputs[0])[o] = of(node.inputs[0])[i];
        }
        before_in *= in[i];
      }
      before_out *= out[o];
    }
  }

  void concat(const Node& node) {
    const auto axis = static_cast<size_t>(node.integer("axis"));
    const ValueId output = node.outputs[0];
    std::vector<AxisParts> joined = of(node.inputs[0]);
    for (size_t i = 1; i < node.inputs.size(); ++i) {
      const std::vector<AxisParts>& next = of(node.inputs[i]);
      for (size_t a = 0; a < joined.size(); ++a) {
        if (a == axis) {
          joined[a].insert(joined[a].end(), next[a].begin(), next[a].end());
          if (joined[a].size() <= kPartsMax) continue;
          int64_t extent = 0;
          for (const OutputPart& part : joined[a]) extent += part.extent;
          joined[a] = bounded(std::move(joined[a]), extent);
        } else {
          joined[a] = bounded(merged(joined[a], next[a]), shape(output)[a]);
        }
      }
    }
    of(output) = std::move(joined);
  }

  void split(const Node& node) {
    const auto axis = static_cast<size_t>(node.integer("axis"));
    int64_t first = 0;
    for (const ValueId output : node.outputs) {
      of(output) = of(node.inputs[0]);
      of(output)[axis] = range_of(of(node.inputs[0])[axis], first, shape(output)[axis]);
      first += shape(output)[axis];
    }
  }

  void slice(const Node& node) {
    const Shape& in = shape(node.inputs[0]);
    const Shape& out = shape(node.outputs[0]);
    for (size_t a = 0; a < out.size(); ++a) {
      const AxisParts& parts = of(node.inputs[0])[a];
      of(node.outputs[0])[a] = node.integers("steps")[a] == 1
                                   ? range_of(parts, node.integers("starts")[a], out[a])
                                   : one_part(out[a], common_source(parts));
      if (out[a] == in[a] && node.integers("steps")[a] == 1) of(node.outputs[0])[a] = parts;
    }
  }

  // The data's axes that keep their extent.
  void kept_axes(const Node& node) {
    const Shape& in = shape(node.inputs[0]);
    const Shape& out = shape(node.outputs[0]);
    fill(node.outputs[0], source_of(node.inputs[0]));
    if (in.size() != out.size()) return;
    for (size_t a = 0; a < out.size(); ++a) {
      if (in[a] == out[a]) of(node.outputs[0])[a] = of(node.inputs[0])[a];
    }
  }

  const Graph& graph_;
  std::vector<std::vector<AxisParts>> parts_;
};

}  // namespace

std::vector<std::vector<AxisParts>> value_parts(const Graph& graph) {
  return PartsWalk(graph).run();
}

}  // namespace pawl::engine
