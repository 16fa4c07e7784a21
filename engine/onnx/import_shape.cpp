// Constants, shapes as data, and the operators that only rename dimensions.
#include <algorithm>
#include <cmath>

#include "engine/graph/inference.h"
#include "engine/onnx/operators.h"

namespace pawl::engine::onnx {
namespace {

Tensor scalar(int64_t value) {
  return Tensor::of<int64_t>({}, std::span(&value, 1));
}

// Marks the axes in a vector of `rank` flags.
Result<std::vector<bool>> mark_axes(const NodeImport& in, const std::vector<int64_t>& axes,
                                    int64_t rank) {
  std::vector<bool> marked(static_cast<size_t>(rank), false);
  for (const int64_t given : axes) {
    const size_t axis = static_cast<size_t>(PAWL_TRY(in.resolve_axis(given, rank)));
    if (marked[axis]) return in.malformed("axis " + std::to_string(axis) + " is listed twice");
    marked[axis] = true;
  }
  return marked;
}

template <typename T>
Result<Tensor> range_of(const NodeImport& in, T start, T limit, T delta) {
  const double count = std::ceil((static_cast<double>(limit) - static_cast<double>(start)) /
                                 static_cast<double>(delta));
  if (!(std::fabs(count) <= static_cast<double>(kFoldedTensorBytesMax / 8))) {
    return in.malformed("the range is too long, or its step is 0");
  }
  Tensor tensor(dtype_of<T>(), {std::max<int64_t>(static_cast<int64_t>(count), 0)});
  const auto values = tensor.as<T>();
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<T>(static_cast<double>(start) +
                               static_cast<double>(i) * static_cast<double>(delta));
  }
  return tensor;
}

}  // namespace

Status import_constant(NodeImport& in) {
  if (in.has_attribute("value")) return in.finish_constant(PAWL_TRY(in.tensor("value")));
  if (in.has_attribute("value_float")) {
    const float value = PAWL_TRY(in.real("value_float", 0.0F));
    return in.finish_constant(Tensor::of<float>({}, std::span(&value, 1)));
  }
  if (in.has_attribute("value_int")) {
    const int64_t value = PAWL_TRY(in.integer("value_int", 0));
    return in.finish_constant(scalar(value));
  }
  if (in.has_attribute("value_floats")) {
    const std::vector<float> values = PAWL_TRY(in.reals("value_floats"));
    return in.finish_constant(
        Tensor::of<float>({static_cast<int64_t>(values.size())}, std::span(values)));
  }
  if (in.has_attribute("value_ints")) {
    const std::vector<int64_t> values = PAWL_TRY(in.integers("value_ints"));
    return in.finish_constant(
        Tensor::of<int64_t>({static_cast<int64_t>(values.size())}, std::span(values)));
  }
  return in.unsupported("only a tensor, float, floats, int or ints can be its value");
}

Status import_constant_of_shape(NodeImport& in) {
  const Shape shape = PAWL_TRY(in.constant_integers(0, "shape"));
  Tensor value(DType::kFloat32, {1});
  if (in.has_attribute("value")) value = PAWL_TRY(in.tensor("value"));
  if (value.count() != 1) return in.malformed("attribute \"value\" is not one element");
  // Expanding a scalar keeps the limits on folding in one place.
  const ValueId one = in.emit_constant(value.reshaped({}));
  PAWL_TRY(check_type({value.dtype(), shape}).context(in.describe()));
  return in.finish(Op::kExpand, {one}, {}, &shape);
}

Status import_shape(NodeImport& in) {
  const ValueId x = PAWL_TRY(in.input(0));
  const int64_t rank = in.rank(x);
  const auto clamped = [&](int64_t index) {
    return std::clamp<int64_t>(index < 0 ? index + rank : index, 0, rank);
  };
  const int64_t start = clamped(PAWL_TRY(in.integer("start", 0)));
  const int64_t end = clamped(PAWL_TRY(in.integer("end", rank)));
  Shape part;
  for (int64_t d = start; d < end; ++d) part.push_back(in.shape(x)[static_cast<size_t>(d)]);
  const Shape shape = {static_cast<int64_t>(part.size())};
  return in.finish_constant(Tensor::of<int64_t>(shape, std::span(part)));
}

Status import_size(NodeImport& in) {
  const ValueId x = PAWL_TRY(in.input(0));
  return in.finish_constant(scalar(element_count(in.shape(x))));
}

Status import_range(NodeImport& in) {
  const ValueId first = PAWL_TRY(in.input(0));
  if (in.dtype(first) == DType::kFloat32) {
    std::vector<float> numbers;
    for (size_t i = 0; i < 3; ++i) {
      const std::vector<float> number = PAWL_TRY(in.constant_reals(i, "a bound of the range"));
      if (number.size() != 1) return in.malformed("a bound is not a scalar");
      numbers.push_back(number[0]);
    }
    return in.finish_constant(PAWL_TRY(range_of(in, numbers[0], numbers[1], numbers[2])));
  }
  std::vector<int64_t> numbers;
  for (size_t i = 0; i < 3; ++i) {
    const std::vector<int64_t> number = PAWL_TRY(in.constant_integers(i, "a bound of the range"));
    if (number.size() != 1 || std::abs(static_cast<double>(number[0])) > 0x1p52) {
      return in.malformed("a bound is not a scalar, or out of range");
    }
    numbers.push_back(number[0]);
  }
  if (in.dtype(first) == DType::kInt32) {
    const auto narrow = [&](size_t i) { return static_cast<int32_t>(numbers[i]); };
    return in.finish_constant(PAWL_TRY(range_of(in, narrow(0), narrow(1), narrow(2))));
  }
  return in.finish_constant(PAWL_TRY(range_of(in, numbers[0], numbers[1], numbers[2])));
}

Status import_reshape(NodeImport& in) {
  const ValueId x = PAWL_TRY(in.input(0));
  Shape extents = PAWL_TRY(in.constant_integers(1, "shape"));
  const int64_t allow_zero = PAWL_TRY(in.integer("allowzero", 0));
  const Shape wanted = extents;
  size_t unknown = extents.size();
  int64_t known = 1;
  for (size_t d = 0; d < extents.size(); ++d) {
    if (extents[d] == 0 && allow_zero == 0) {
      if (d >= in.shape(x).size()) return in.malformed("0 stands for a dimension beyond the input");
      extents[d] = in.shape(x)[d];
    }
    if (extents[d] == -1) {
      if (unknown != extents.size()) return in.malformed("two dimensions are -1");
      unknown = d;
    } else if (extents[d] < 0 || extents[d] > kTensorBytesMax ||
               (extents[d] > 0 && known > kTensorBytesMax / extents[d])) {
      return in.malformed("the wanted shape is out of range");
    } else {
      known *= extents[d];
    }
  }
  if (unknown != extents.size()) {
    const int64_t count = element_count(in.shape(x));
    if (known == 0 || count % known != 0) {
      std::string text;
      for (const int64_t extent : wanted)
        text += (text.empty() ? "" : ",") + std::to_string(extent);
      return in.malformed("shape " + to_string(in.shape(x)) + " does not reshape to [" + text +
                          "]");
    }
    extents[unknown] = count / known;
  }
  return in.finish(Op::kReshape, {x}, {}, &extents);
}

Status import_flatten(NodeImport& in) {
  const ValueId x = PAWL_TRY(in.input(0));
  const int64_t given = PAWL_TRY(in.integer("axis", 1));
  // The axis may be one past the last dimension.
  const int64_t axis = given < 0 ? given + in.rank(x) : given;
  if (axis < 0 || axis > in.rank(x)) {
    return in.malformed("axis " + std::to_string(given) + " is out of range");
  }
  const Shape& shape = in.shape(x);
  const Shape extents = {element_count(Shape(shape.begin(), shape.begin() + axis)),
                         element_count(Shape(shape.begin() + axis, shape.end()))};
  return in.finish(Op::kReshape, {x}, {}, &extents);
}

Status import_squeeze(NodeImport& in) {
  const ValueId x = PAWL_TRY(in.input(0));
  std::vector<bool> removed;
  if (in.gives("axes", 1)) {
    const std::vector<int64_t> axes = PAWL_TRY(in.integers("axes", 1));
    removed = PAWL_TRY(mark_axes(in, axes, in.rank(x)));
  } else {
    for (const int64_t extent : in.shape(x)) removed.push_back(extent == 1);
  }
  Shape extents;
  for (size_t d = 0; d < removed.size(); ++d) {
    if (!removed[d]) {
      extents.push_back(in.shape(x)[d]);
    } else if (in.shape(x)[d] != 1) {
      return in.malformed("dimension " + std::to_string(d) + " of " + to_string(in.shape(x)) +
                          " is not 1");
    }
  }
  return in.finish(Op::kReshape, {x}, {}, &extents);
}

Status import_unsqueeze(NodeImport& in) {
  const ValueId x = PAWL_TRY(in.input(0));
  const std::vector<int64_t> axes = PAWL_TRY(in.integers("axes", 1));
  if (axes.size() > kRankMax) return in.malformed("too many axes");
  const int64_t rank = in.rank(x) + static_cast<int64_t>(axes.size());
  const std::vector<bool> added = PAWL_TRY(mark_axes(in, axes, rank));
  Shape extents;
  auto next = in.shape(x).begin();
  for (const bool is_added : added) extents.push_back(is_added ? 1 : *next++);
  return in.finish(Op::kReshape, {x}, {}, &extents);
}

// Identity, and Dropout outside training.
Status import_identity(NodeImport& in) {
  const ValueId x = PAWL_TRY(in.input(0));
  in.ignore("ratio");
  in.ignore("seed");
  if (in.has(2)) {
    const Tensor* training = in.constant(PAWL_TRY(in.input(2)));
    const bool off = training != nullptr && training->dtype() == DType::kBool &&
                     training->count() == 1 && training->as<uint8_t>()[0] == 0;
    if (!off) return in.unsupported("training mode");
  }
  return in.finish_as(x);
}

}  // namespace pawl::engine::onnx
