#include "engine/graph/inference.h"
#include "engine/onnx/operators.h"

namespace pawl::engine::onnx {
namespace {

// Multiplies by a known factor; 1 leaves no trace.
Result<ValueId> scale(NodeImport& in, ValueId x, float factor) {
  if (factor == 1.0F) return x;
  return in.emit(Op::kMul, {x, in.emit_scalar(factor)});
}

Result<ValueId> transposed(NodeImport& in, ValueId x) {
  return in.emit(Op::kTranspose, {x}, {{"perm", std::vector<int64_t>{1, 0}}});
}

// (x - mean) / sqrt(mean((x - mean)^2) + epsilon), the means over `axes`.
Result<ValueId> normalised(NodeImport& in, ValueId x, const std::vector<int64_t>& axes,
                           float epsilon) {
  const Attributes over_axes = {{"axes", axes}, {"keepdims", int64_t{1}}};
  const ValueId mean = PAWL_TRY(in.emit(Op::kReduceMean, {x}, over_axes));
  const ValueId centred = PAWL_TRY(in.emit(Op::kSub, {x, mean}));
  const ValueId square = PAWL_TRY(in.emit(Op::kMul, {centred, centred}));
  const ValueId variance = PAWL_TRY(in.emit(Op::kReduceMean, {square}, over_axes));
  const ValueId positive = PAWL_TRY(in.emit(Op::kAdd, {variance, in.emit_scalar(epsilon)}));
  const ValueId deviation = PAWL_TRY(in.emit(Op::kSqrt, {positive}));
  return in.emit(Op::kDiv, {centred, deviation});
}

// x times scale, and the bias to add: inputs 1 and 2 of the node, laid out as `extents`.
Result<std::vector<ValueId>> scaled(NodeImport& in, ValueId x, const Shape& extents) {
  const ValueId scale_vector = PAWL_TRY(in.input(1));
  const ValueId bias_vector = PAWL_TRY(in.input(2));
  const ValueId factor = PAWL_TRY(in.emit(Op::kReshape, {scale_vector}, {}, &extents));
  const ValueId bias = PAWL_TRY(in.emit(Op::kReshape, {bias_vector}, {}, &extents));
  const ValueId product = PAWL_TRY(in.emit(Op::kMul, {x, factor}));
  return std::vector<ValueId>{product, bias};
}

}  // namespace

// Vectors become matrices of one row or column, and the extra dimension is dropped again.
Status import_matmul(NodeImport& in) {
  ValueId a = PAWL_TRY(in.input(0));
  ValueId b = PAWL_TRY(in.input(1));
  if (in.rank(a) == 0 || in.rank(b) == 0) return in.malformed("a scalar is no matrix");
  const bool row = in.rank(a) == 1;
  const bool column = in.rank(b) == 1;
  if (!row && !column) return in.finish(Op::kMatMul, {a, b});
  if (row) {
    const Shape extents = {1, in.shape(a)[0]};
    a = PAWL_TRY(in.emit(Op::kReshape, {a}, {}, &extents));
  }
  if (column) {
    const Shape extents = {in.shape(b)[0], 1};
    b = PAWL_TRY(in.emit(Op::kReshape, {b}, {}, &extents));
  }
  const ValueId y = PAWL_TRY(in.emit(Op::kMatMul, {a, b}));
  Shape extents = in.shape(y);
  if (column) extents.pop_back();
  if (row) extents.erase(extents.end() - (column ? 1 : 2));
  return in.finish(Op::kReshape, {y}, {}, &extents);
}

// alpha * a * b + beta * c. The factors go to b and c, which are weights as a rule and fold.
Status import_gemm(NodeImport& in) {
  ValueId a = PAWL_TRY(in.input(0));
  ValueId b = PAWL_TRY(in.input(1));
  const float alpha = PAWL_TRY(in.real("alpha", 1.0F));
  const float beta = PAWL_TRY(in.real("beta", 1.0F));
  const int64_t a_transposed = PAWL_TRY(in.integer("transA", 0));
  const int64_t b_transposed = PAWL_TRY(in.integer("transB", 0));
  if (in.rank(a) != 2 || in.rank(b) != 2) return in.malformed("the operands are not matrices");
  if (a_transposed != 0) a = PAWL_TRY(transposed(in, a));
  if (b_transposed != 0) b = PAWL_TRY(transposed(in, b));
  b = PAWL_TRY(scale(in, b, alpha));
  if (!in.has(2) || beta == 0) return in.finish(Op::kMatMul, {a, b});
  ValueId c = PAWL_TRY(in.input(2));
  c = PAWL_TRY(scale(in, c, beta));
  const ValueId product = PAWL_TRY(in.emit(Op::kMatMul, {a, b}));
  const Shape wide =
      PAWL_TRY(broadcast_shapes(in.shape(product), in.shape(c)).context(in.describe()));
  if (wide != in.shape(product)) return in.malformed("c does not broadcast to the product");
  return in.finish(Op::kAdd, {product, c});
}

// Softmax and LogSoftmax. Before opset 13 everything from the axis on is one dimension.
Status import_softmax(NodeImport& in) {
  ValueId x = PAWL_TRY(in.input(0));
  const bool coercing = in.opset() < 13;
  const int64_t given = PAWL_TRY(in.integer("axis", coercing ? 1 : -1));
  const int64_t axis = PAWL_TRY(in.resolve_axis(given, in.rank(x)));
  const bool logarithm = in.op_type() == "LogSoftmax";
  const Shape original = in.shape(x);
  int64_t after = 1;
  for (size_t d = static_cast<size_t>(axis) + 1; d < original.size(); ++d) after *= original[d];
  const bool wrapped = coercing && after != 1;
  if (!wrapped && !logarithm) return in.finish(Op::kSoftmax, {x}, {{"axis", axis}});
  int64_t along = axis;
  if (wrapped) {
    const Shape folded = {element_count(Shape(original.begin(), original.begin() + axis)),
                          after * original[static_cast<size_t>(axis)]};
    x = PAWL_TRY(in.emit(Op::kReshape, {x}, {}, &folded));
    along = 1;
  }
  ValueId y = PAWL_TRY(in.emit(Op::kSoftmax, {x}, {{"axis", along}}));
  if (logarithm && !wrapped) return in.finish(Op::kLog, {y});
  if (logarithm) y = PAWL_TRY(in.emit(Op::kLog, {y}));
  return in.finish(Op::kReshape, {y}, {}, &original);
}

Status import_layer_normalization(NodeImport& in) {
  const ValueId x = PAWL_TRY(in.input(0));
  const int64_t given = PAWL_TRY(in.integer("axis", -1));
  const int64_t axis = PAWL_TRY(in.resolve_axis(given, in.rank(x)));
  const float epsilon = PAWL_TRY(in.real("epsilon", 1e-5F));
  in.ignore("stash_type");
  const Shape inner(in.shape(x).begin() + axis, in.shape(x).end());
  std::vector<ValueId> inputs = {x};
  for (size_t i = 1; i < 3; ++i) {
    if (i == 2 && !in.has(i)) break;
    ValueId parameter = PAWL_TRY(in.input(i));
    if (in.shape(parameter) != inner) {
      parameter = PAWL_TRY(in.emit(Op::kExpand, {parameter}, {}, &inner));
    }
    inputs.push_back(parameter);
  }
  return in.finish(Op::kLayerNormalization, std::move(inputs),
                   {{"axis", axis}, {"epsilon", epsilon}});
}

// Each plane by its own mean and variance.
Status import_instance_normalization(NodeImport& in) {
  const ValueId x = PAWL_TRY(in.input(0));
  const float epsilon = PAWL_TRY(in.real("epsilon", 1e-5F));
  if (in.rank(x) < 3) return in.malformed("the input has no spatial dimensions");
  std::vector<int64_t> axes;
  for (int64_t axis = 2; axis < in.rank(x); ++axis) axes.push_back(axis);
  Shape by_channel(in.shape(x).size(), 1);
  by_channel[1] = in.shape(x)[1];
  const ValueId normal = PAWL_TRY(normalised(in, x, axes, epsilon));
  return in.finish(Op::kAdd, PAWL_TRY(scaled(in, normal, by_channel)));
}

// Each group of channels by its own. Scale and bias are one a group before opset 21, one a channel
// since.
Status import_group_normalization(NodeImport& in) {
  const ValueId x = PAWL_TRY(in.input(0));
  const float epsilon = PAWL_TRY(in.real("epsilon", 1e-5F));
  const int64_t groups = PAWL_TRY(in.integer("num_groups", 0));
  in.ignore("stash_type");
  const Shape extents = in.shape(x);
  if (extents.size() < 2) return in.malformed("the input has no channels");
  if (groups < 1 || extents[1] % groups != 0) {
    return in.malformed("num_groups " + std::to_string(groups) + " does not divide the " +
                        std::to_string(extents[1]) + " channels");
  }
  const Shape by_group = {extents[0], groups, element_count(extents) / extents[0] / groups};
  const ValueId grouped = PAWL_TRY(in.emit(Op::kReshape, {x}, {}, &by_group));
  const ValueId normal = PAWL_TRY(normalised(in, grouped, {2}, epsilon));
  if (in.opset() < 21) {
    std::vector<ValueId> terms = PAWL_TRY(scaled(in, normal, {1, groups, 1}));
    const ValueId sum = PAWL_TRY(in.emit(Op::kAdd, std::move(terms)));
    return in.finish(Op::kReshape, {sum}, {}, &extents);
  }
  const ValueId channels = PAWL_TRY(in.emit(Op::kReshape, {normal}, {}, &extents));
  Shape by_channel(extents.size(), 1);
  by_channel[1] = extents[1];
  return in.finish(Op::kAdd, PAWL_TRY(scaled(in, channels, by_channel)));
}

}  // namespace pawl::engine::onnx
