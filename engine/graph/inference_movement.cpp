#include <algorithm>

#include "engine/graph/inference_rules.h"

namespace pawl::engine::inference {
namespace {

std::vector<ValueType> one(DType dtype, Shape shape) {
  return {{dtype, std::move(shape)}};
}

Status require_index_dtype(const Subject& subject, size_t index) {
  if (subject.dtype(index) == DType::kInt64 || subject.dtype(index) == DType::kInt32) return {};
  return refused("indices are " + std::string(dtype_name(subject.dtype(index))) +
                 " instead of int64");
}

}  // namespace

Types concat(const Subject& subject) {
  const int64_t axis = subject.node.integer("axis");
  PAWL_TRY(require_axis(axis, subject.rank(0)));
  const size_t along = static_cast<size_t>(axis);
  Shape y = subject.shape(0);
  for (size_t i = 1; i < subject.node.inputs.size(); ++i) {
    PAWL_TRY(require_dtype(subject, i, subject.dtype(0)));
    const Shape& x = subject.shape(i);
    bool fits = x.size() == y.size();
    for (size_t d = 0; fits && d < y.size(); ++d) fits = d == along || x[d] == y[d];
    if (!fits) {
      return refused("inputs of shapes " + to_string(subject.shape(0)) + " and " + to_string(x) +
                     " cannot be joined along axis " + std::to_string(axis));
    }
    y[along] += x[along];
  }
  return one(subject.dtype(0), y);
}

Types split(const Subject& subject) {
  const int64_t axis = subject.node.integer("axis");
  PAWL_TRY(require_axis(axis, subject.rank(0)));
  const Shape& x = subject.shape(0);
  const auto& parts = subject.node.integers("split");
  if (parts.size() != subject.node.outputs.size()) {
    return refused(std::to_string(parts.size()) + " extents for " +
                   std::to_string(subject.node.outputs.size()) + " outputs");
  }
  std::vector<ValueType> types;
  int64_t left = x[static_cast<size_t>(axis)];
  for (const int64_t part : parts) {
    if (part < 0 || part > left) {
      left = -1;
      break;
    }
    left -= part;
    Shape y = x;
    y[static_cast<size_t>(axis)] = part;
    types.push_back({subject.dtype(0), std::move(y)});
  }
  if (left != 0) {
    return refused("the extents do not add up to " + std::to_string(x[static_cast<size_t>(axis)]));
  }
  return types;
}

Types slice(const Subject& subject) {
  PAWL_CHECK(subject.extents != nullptr);
  const Shape& x = subject.shape(0);
  const Shape& y = *subject.extents;
  const auto& starts = subject.node.integers("starts");
  const auto& steps = subject.node.integers("steps");
  if (starts.size() != x.size() || steps.size() != x.size() || y.size() != x.size()) {
    return refused("one start and one step a dimension are needed");
  }
  for (size_t d = 0; d < x.size(); ++d) {
    if (y[d] == 0) continue;
    const bool bounded = y[d] > 0 && y[d] <= x[d] && steps[d] != 0 && steps[d] <= x[d] &&
                         steps[d] >= -x[d] && starts[d] >= 0 && starts[d] < x[d];
    const int64_t last = bounded ? starts[d] + (y[d] - 1) * steps[d] : -1;
    if (last < 0 || last >= x[d]) {
      return refused("the slice of dimension " + std::to_string(d) + " leaves its extent " +
                     std::to_string(x[d]));
    }
  }
  return one(subject.dtype(0), y);
}

Types reshape(const Subject& subject) {
  PAWL_CHECK(subject.extents != nullptr);
  PAWL_TRY(check_type({subject.dtype(0), *subject.extents}));
  if (element_count(*subject.extents) != element_count(subject.shape(0))) {
    return refused("shape " + to_string(subject.shape(0)) + " does not reshape to " +
                   to_string(*subject.extents));
  }
  return one(subject.dtype(0), *subject.extents);
}

Types transpose(const Subject& subject) {
  const Shape& x = subject.shape(0);
  const auto& perm = subject.node.integers("perm");
  std::vector<bool> seen(x.size(), false);
  Shape y;
  for (const int64_t axis : perm) {
    PAWL_TRY(require_axis(axis, subject.rank(0)));
    seen[static_cast<size_t>(axis)] = true;
    y.push_back(x[static_cast<size_t>(axis)]);
  }
  if (perm.size() != x.size() || std::find(seen.begin(), seen.end(), false) != seen.end()) {
    return refused("perm is not a permutation of the dimensions of " + to_string(x));
  }
  return one(subject.dtype(0), y);
}

Types expand(const Subject& subject) {
  PAWL_CHECK(subject.extents != nullptr);
  const Shape wide = PAWL_TRY(broadcast_shapes(subject.shape(0), *subject.extents));
  if (wide != *subject.extents) {
    return refused("shape " + to_string(subject.shape(0)) + " does not expand to " +
                   to_string(*subject.extents));
  }
  return one(subject.dtype(0), wide);
}

Types tile(const Subject& subject) {
  Shape y = subject.shape(0);
  const auto& repeats = subject.node.integers("repeats");
  if (repeats.size() != y.size()) return refused("one repeat a dimension is needed");
  for (size_t d = 0; d < y.size(); ++d) {
    if (repeats[d] < 0 || repeats[d] > kTensorBytesMax) {
      return refused("repeat " + std::to_string(repeats[d]) + " is out of range");
    }
    y[d] *= repeats[d];
  }
  return one(subject.dtype(0), y);
}

Types pad(const Subject& subject) {
  Shape y = subject.shape(0);
  const auto& pads = subject.node.integers("pads");
  const std::string& mode = subject.node.text("mode");
  if (pads.size() != 2 * y.size()) return refused("two pads a dimension are needed");
  if (mode != "constant" && mode != "reflect" && mode != "edge" && mode != "wrap") {
    return refused("unknown mode \"" + mode + "\"");
  }
  for (size_t d = 0; d < y.size(); ++d) {
    const int64_t begin = pads[d];
    const int64_t end = pads[d + y.size()];
    if (begin < 0 || end < 0 || begin > kTensorBytesMax || end > kTensorBytesMax) {
      return refused("pads " + std::to_string(begin) + ", " + std::to_string(end) +
                     " are out of range");
    }
    const bool any = begin > 0 || end > 0;
    if (any && mode == "reflect" && (begin >= y[d] || end >= y[d])) {
      return refused("reflection needs pads below the extent " + std::to_string(y[d]));
    }
    if (any && (mode == "edge" || mode == "wrap") && y[d] == 0) {
      return refused("an empty dimension has no edge");
    }
    y[d] += begin + end;
  }
  return one(subject.dtype(0), y);
}

Types gather(const Subject& subject) {
  const int64_t axis = subject.node.integer("axis");
  PAWL_TRY(require_axis(axis, subject.rank(0)));
  PAWL_TRY(require_index_dtype(subject, 1));
  const Shape& x = subject.shape(0);
  const Shape& indices = subject.shape(1);
  Shape y(x.begin(), x.begin() + axis);
  y.insert(y.end(), indices.begin(), indices.end());
  y.insert(y.end(), x.begin() + axis + 1, x.end());
  return one(subject.dtype(0), y);
}

Types gather_elements(const Subject& subject) {
  const int64_t axis = subject.node.integer("axis");
  PAWL_TRY(require_axis(axis, subject.rank(0)));
  PAWL_TRY(require_index_dtype(subject, 1));
  const Shape& x = subject.shape(0);
  const Shape& indices = subject.shape(1);
  bool fits = x.size() == indices.size();
  for (size_t d = 0; fits && d < x.size(); ++d) {
    fits = static_cast<int64_t>(d) == axis || indices[d] <= x[d];
  }
  if (!fits) {
    return refused("indices of shape " + to_string(indices) + " do not address data of shape " +
                   to_string(x));
  }
  return one(subject.dtype(0), indices);
}

Types depth_to_space(const Subject& subject) {
  const int64_t block = subject.node.integer("blocksize");
  const Shape& x = subject.shape(0);
  if (x.size() != 4) return refused("the input must have four dimensions");
  if (block < 1 || block > 1024 || x[1] % (block * block) != 0) {
    return refused("blocksize " + std::to_string(block) + " does not divide the channels of " +
                   to_string(x));
  }
  const std::string& mode = subject.node.text("mode");
  if (mode != "DCR" && mode != "CRD") return refused("unknown mode \"" + mode + "\"");
  return one(subject.dtype(0), {x[0], x[1] / (block * block), x[2] * block, x[3] * block});
}

Types space_to_depth(const Subject& subject) {
  const int64_t block = subject.node.integer("blocksize");
  const Shape& x = subject.shape(0);
  if (x.size() != 4) return refused("the input must have four dimensions");
  if (block < 1 || block > 1024 || x[2] % block != 0 || x[3] % block != 0) {
    return refused("blocksize " + std::to_string(block) + " does not divide the extents of " +
                   to_string(x));
  }
  const std::string& mode = subject.node.text("mode");
  if (mode != "DCR" && mode != "CRD") return refused("unknown mode \"" + mode + "\"");
  return one(subject.dtype(0), {x[0], x[1] * block * block, x[2] / block, x[3] / block});
}

}  // namespace pawl::engine::inference
