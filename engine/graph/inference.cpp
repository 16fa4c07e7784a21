#include "engine/graph/inference.h"

#include <algorithm>
#include <array>

#include "engine/graph/inference_rules.h"

namespace pawl::engine {
namespace inference {

Status require_dtype(const Subject& subject, size_t index, DType dtype) {
  if (subject.dtype(index) == dtype) return {};
  return Error{Code::kUnsupported, "input " + std::to_string(index) + " is " +
                                       dtype_name(subject.dtype(index)) + " instead of " +
                                       dtype_name(dtype)};
}

Status require_axis(int64_t axis, int64_t rank) {
  if (axis >= 0 && axis < rank) return {};
  return refused("axis " + std::to_string(axis) + " is not one of the " + std::to_string(rank) +
                 " dimensions");
}

Status require_not_empty(const Subject& subject, size_t index) {
  if (element_count(subject.shape(index)) > 0) return {};
  return refused("input " + std::to_string(index) + " is empty (shape " +
                 to_string(subject.shape(index)) + ")");
}

namespace {

bool is_number(DType dtype) {
  return dtype == DType::kFloat32 || dtype == DType::kInt64 || dtype == DType::kInt32;
}

Status require_number(const Subject& subject, size_t index) {
  if (is_number(subject.dtype(index))) return {};
  return Error{Code::kUnsupported, std::string("arithmetic on ") +
                                       dtype_name(subject.dtype(index)) + " is not supported"};
}

Types same(const Subject& subject) {
  return std::vector<ValueType>{{subject.dtype(0), subject.shape(0)}};
}

Types unary_real(const Subject& subject) {
  PAWL_TRY(require_dtype(subject, 0, DType::kFloat32));
  return same(subject);
}

Types unary_number(const Subject& subject) {
  PAWL_TRY(require_number(subject, 0));
  return same(subject);
}

Types unary_bool(const Subject& subject) {
  PAWL_TRY(require_dtype(subject, 0, DType::kBool));
  return same(subject);
}

Types cast(const Subject& subject) {
  const std::string& to = subject.node.text("to");
  for (const DType dtype :
       {DType::kFloat32, DType::kInt64, DType::kInt32, DType::kUint8, DType::kInt8, DType::kBool}) {
    if (to == dtype_name(dtype)) return std::vector<ValueType>{{dtype, subject.shape(0)}};
  }
  return refused("unknown type \"" + to + "\"");
}

Types broadcast(const Subject& subject, DType result) {
  PAWL_TRY(require_dtype(subject, 1, subject.dtype(0)));
  Shape y = PAWL_TRY(broadcast_shapes(subject.shape(0), subject.shape(1)));
  return std::vector<ValueType>{{result, std::move(y)}};
}

Types binary_number(const Subject& subject) {
  PAWL_TRY(require_number(subject, 0));
  return broadcast(subject, subject.dtype(0));
}

Types binary_order(const Subject& subject) {
  PAWL_TRY(require_number(subject, 0));
  return broadcast(subject, DType::kBool);
}

Types binary_equal(const Subject& subject) {
  return broadcast(subject, DType::kBool);
}

Types binary_bool(const Subject& subject) {
  PAWL_TRY(require_dtype(subject, 0, DType::kBool));
  return broadcast(subject, DType::kBool);
}

Types where(const Subject& subject) {
  PAWL_TRY(require_dtype(subject, 0, DType::kBool));
  PAWL_TRY(require_dtype(subject, 2, subject.dtype(1)));
  const Shape y = PAWL_TRY(broadcast_shapes(subject.shape(1), subject.shape(2)));
  Shape all = PAWL_TRY(broadcast_shapes(subject.shape(0), y));
  return std::vector<ValueType>{{subject.dtype(1), std::move(all)}};
}

Types softmax(const Subject& subject) {
  PAWL_TRY(require_dtype(subject, 0, DType::kFloat32));
  PAWL_TRY(require_axis(subject.node.integer("axis"), subject.rank(0)));
  return same(subject);
}

Types matmul(const Subject& subject) {
  PAWL_TRY(require_dtype(subject, 0, DType::kFloat32));
  PAWL_TRY(require_dtype(subject, 1, DType::kFloat32));
  const Shape& a = subject.shape(0);
  const Shape& b = subject.shape(1);
  if (a.size() < 2 || b.size() < 2 || a.back() != b[b.size() - 2]) {
    return refused("matrices of shapes " + to_string(a) + " and " + to_string(b) +
                   " cannot be multiplied");
  }
  Shape y =
      PAWL_TRY(broadcast_shapes(Shape(a.begin(), a.end() - 2), Shape(b.begin(), b.end() - 2)));
  y.push_back(a[a.size() - 2]);
  y.push_back(b.back());
  return std::vector<ValueType>{{DType::kFloat32, std::move(y)}};
}

Types reduce(const Subject& subject) {
  PAWL_TRY(require_number(subject, 0));
  PAWL_TRY(require_not_empty(subject, 0));
  const Shape& x = subject.shape(0);
  std::vector<bool> reduced(x.size(), false);
  for (const int64_t axis : subject.node.integers("axes")) {
    PAWL_TRY(require_axis(axis, subject.rank(0)));
    if (reduced[static_cast<size_t>(axis)]) {
      return refused("axis " + std::to_string(axis) + " is listed twice");
    }
    reduced[static_cast<size_t>(axis)] = true;
  }
  const bool keepdims = subject.node.integer("keepdims") != 0;
  Shape y;
  for (size_t d = 0; d < x.size(); ++d) {
    if (!reduced[d]) {
      y.push_back(x[d]);
    } else if (keepdims) {
      y.push_back(1);
    }
  }
  return std::vector<ValueType>{{subject.dtype(0), std::move(y)}};
}

Types reduce_mean(const Subject& subject) {
  PAWL_TRY(require_dtype(subject, 0, DType::kFloat32));
  return reduce(subject);
}

Types arg_max(const Subject& subject) {
  PAWL_TRY(require_number(subject, 0));
  PAWL_TRY(require_not_empty(subject, 0));
  const int64_t axis = subject.node.integer("axis");
  PAWL_TRY(require_axis(axis, subject.rank(0)));
  Shape y = subject.shape(0);
  if (subject.node.integer("keepdims") != 0) {
    y[static_cast<size_t>(axis)] = 1;
  } else {
    y.erase(y.begin() + axis);
  }
  return std::vector<ValueType>{{DType::kInt64, std::move(y)}};
}

Types top_k(const Subject& subject) {
  PAWL_TRY(require_dtype(subject, 0, DType::kFloat32));
  const int64_t axis = subject.node.integer("axis");
  PAWL_TRY(require_axis(axis, subject.rank(0)));
  Shape y = subject.shape(0);
  int64_t& extent = y[static_cast<size_t>(axis)];
  const int64_t k = subject.node.integer("k");
  if (k < 1 || k > extent) {
    return refused("k = " + std::to_string(k) + " of an extent of " + std::to_string(extent));
  }
  extent = k;
  return std::vector<ValueType>{{DType::kFloat32, y}, {DType::kInt64, y}};
}

Types layer_normalization(const Subject& subject) {
  PAWL_TRY(require_dtype(subject, 0, DType::kFloat32));
  PAWL_TRY(require_not_empty(subject, 0));
  const int64_t axis = subject.node.integer("axis");
  PAWL_TRY(require_axis(axis, subject.rank(0)));
  const Shape& x = subject.shape(0);
  const Shape inner(x.begin() + axis, x.end());
  for (size_t i = 1; i < 3 && subject.has(i); ++i) {
    PAWL_TRY(require_dtype(subject, i, DType::kFloat32));
    if (subject.shape(i) != inner) {
      return refused("input " + std::to_string(i) + " has the shape " +
                     to_string(subject.shape(i)) + " instead of " + to_string(inner));
    }
  }
  return same(subject);
}

using Rule = Types (*)(const Subject&);

struct Row {
  Op op;
  size_t inputs_min;
  size_t inputs_max;
  Rule rule;
};

constexpr size_t kAny = 1 << 16;

// clang-format off
constexpr Row kRules[] = {
    {Op::kConv, 2, 4, conv},
    {Op::kConvTranspose, 2, 3, conv_transpose},
    {Op::kBatchNormalization, 5, 5, batch_normalization},
    {Op::kMaxPool, 1, 1, pool},
    {Op::kAveragePool, 1, 1, pool},
    {Op::kResize, 1, 1, resize},
    {Op::kConcat, 1, kAny, concat},
    {Op::kSplit, 1, 1, split},
    {Op::kSlice, 1, 1, slice},
    {Op::kReshape, 1, 1, reshape},
    {Op::kTranspose, 1, 1, transpose},
    {Op::kExpand, 1, 1, expand},
    {Op::kTile, 1, 1, tile},
    {Op::kPad, 1, 1, pad},
    {Op::kGather, 2, 2, gather},
    {Op::kGatherElements, 2, 2, gather_elements},
    {Op::kDepthToSpace, 1, 1, depth_to_space},
    {Op::kSpaceToDepth, 1, 1, space_to_depth},
    {Op::kIdentity, 1, 1, same},
    {Op::kRelu, 1, 1, unary_number},
    {Op::kLeakyRelu, 1, 1, unary_real},
    {Op::kSigmoid, 1, 1, unary_real},
    {Op::kHardSigmoid, 1, 1, unary_real},
    {Op::kHardSwish, 1, 1, unary_real},
    {Op::kTanh, 1, 1, unary_real},
    {Op::kSoftplus, 1, 1, unary_real},
    {Op::kMish, 1, 1, unary_real},
    {Op::kExp, 1, 1, unary_real},
    {Op::kLog, 1, 1, unary_real},
    {Op::kSqrt, 1, 1, unary_real},
    {Op::kErf, 1, 1, unary_real},
    {Op::kNeg, 1, 1, unary_number},
    {Op::kAbs, 1, 1, unary_number},
    {Op::kFloor, 1, 1, unary_real},
    {Op::kCeil, 1, 1, unary_real},
    {Op::kReciprocal, 1, 1, unary_real},
    {Op::kSin, 1, 1, unary_real},
    {Op::kCos, 1, 1, unary_real},
    {Op::kNot, 1, 1, unary_bool},
    {Op::kClip, 1, 1, unary_real},
    {Op::kCast, 1, 1, cast},
    {Op::kElu, 1, 1, unary_real},
    {Op::kGelu, 1, 1, unary_real},
    {Op::kAdd, 2, 2, binary_number},
    {Op::kSub, 2, 2, binary_number},
    {Op::kMul, 2, 2, binary_number},
    {Op::kDiv, 2, 2, binary_number},
    {Op::kPow, 2, 2, binary_number},
    {Op::kMod, 2, 2, binary_number},
    {Op::kMin, 2, 2, binary_number},
    {Op::kMax, 2, 2, binary_number},
    {Op::kEqual, 2, 2, binary_equal},
    {Op::kLess, 2, 2, binary_order},
    {Op::kGreater, 2, 2, binary_order},
    {Op::kAnd, 2, 2, binary_bool},
    {Op::kOr, 2, 2, binary_bool},
    {Op::kWhere, 3, 3, where},
    {Op::kSoftmax, 1, 1, softmax},
    {Op::kMatMul, 2, 2, matmul},
    {Op::kReduceMax, 1, 1, reduce},
    {Op::kReduceMin, 1, 1, reduce},
    {Op::kReduceMean, 1, 1, reduce_mean},
    {Op::kReduceSum, 1, 1, reduce},
    {Op::kReduceProd, 1, 1, reduce},
    {Op::kArgMax, 1, 1, arg_max},
    {Op::kTopK, 1, 1, top_k},
    {Op::kLayerNormalization, 2, 3, layer_normalization},
    {Op::kSilu, 1, 1, unary_real},
    {Op::kFocus, 1, 1, focus},
    {Op::kAttention, 1, 1, attention},
};
// clang-format on

// In the order of enum Op, so that the operator is the index.
constexpr bool ordered() {
  for (size_t i = 0; i < std::size(kRules); ++i) {
    if (static_cast<size_t>(kRules[i].op) != i) return false;
  }
  return std::size(kRules) == static_cast<size_t>(Op::kAttention) + 1;
}
static_assert(ordered());

}  // namespace
}  // namespace inference

Result<Shape> broadcast_shapes(const Shape& a, const Shape& b) {
  const size_t rank = std::max(a.size(), b.size());
  Shape y(rank, 1);
  for (size_t i = 0; i < rank; ++i) {
    const int64_t from_a = i < a.size() ? a[a.size() - 1 - i] : 1;
    const int64_t from_b = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (from_a != from_b && from_a != 1 && from_b != 1) {
      return inference::refused("shapes " + to_string(a) + " and " + to_string(b) +
                                " do not broadcast");
    }
    y[rank - 1 - i] = from_a == 1 ? from_b : from_a;
  }
  return y;
}

Status check_type(const ValueType& type) {
  if (type.shape.size() > kRankMax) {
    return Error{Code::kUnsupported, "a tensor of " + std::to_string(type.shape.size()) +
                                         " dimensions; at most " + std::to_string(kRankMax) +
                                         " are supported"};
  }
  int64_t count = 0;
  const int64_t limit = kTensorBytesMax / static_cast<int64_t>(dtype_bytes(type.dtype));
  if (!checked_count(type.shape, limit, &count)) {
    return Error{Code::kExhausted, "a tensor of shape " + to_string(type.shape) +
                                       " is negative or above the limit of " +
                                       std::to_string(kTensorBytesMax >> 20) + " MiB"};
  }
  return {};
}

Result<std::vector<ValueType>> infer_types(const Graph& graph, const Node& node,
                                           const Shape* extents) {
  const inference::Row& row = inference::kRules[static_cast<size_t>(node.op)];
  const inference::Subject subject{graph, node, extents};
  PAWL_CHECK(node.inputs.size() >= row.inputs_min && node.inputs.size() <= row.inputs_max);
  for (size_t i = 0; i < row.inputs_min; ++i) PAWL_CHECK(node.inputs[i] != kNoValue);
  auto types = PAWL_TRY(row.rule(subject));
  for (const ValueType& type : types) PAWL_TRY(check_type(type));
  return types;
}

}  // namespace pawl::engine
