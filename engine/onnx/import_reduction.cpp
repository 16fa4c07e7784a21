#include <algorithm>
#include <numeric>

#include "engine/onnx/operators.h"

namespace pawl::engine::onnx {

// ReduceL1, L2 and SumSquare are ReduceSum of another function of x.
Status import_reduce(NodeImport& in) {
  ValueId x = PAWL_TRY(in.input(0));
  std::vector<int64_t> axes;
  if (in.gives("axes", 1)) axes = PAWL_TRY(in.integers("axes", 1));
  const int64_t keepdims = PAWL_TRY(in.integer("keepdims", 1));
  const int64_t noop = PAWL_TRY(in.integer("noop_with_empty_axes", 0));
  const std::string& type = in.op_type();
  const bool squared = type == "ReduceL2" || type == "ReduceSumSquare";
  if (squared) x = PAWL_TRY(in.emit(Op::kMul, {x, x}));
  if (type == "ReduceL1") x = PAWL_TRY(in.emit(Op::kAbs, {x}));
  if (axes.empty()) {
    if (noop != 0) {
      if (type == "ReduceL2") return in.finish(Op::kSqrt, {x});
      return in.finish_as(x);
    }
    axes.resize(static_cast<size_t>(in.rank(x)));
    std::iota(axes.begin(), axes.end(), int64_t{0});
  }
  for (int64_t& axis : axes) axis = PAWL_TRY(in.resolve_axis(axis, in.rank(x)));
  std::sort(axes.begin(), axes.end());
  Attributes attributes = {{"axes", axes}, {"keepdims", int64_t{keepdims != 0}}};
  if (type == "ReduceL2") {
    const ValueId sum = PAWL_TRY(in.emit(Op::kReduceSum, {x}, std::move(attributes)));
    return in.finish(Op::kSqrt, {sum});
  }
  Op op = Op::kReduceSum;
  if (type == "ReduceMax") op = Op::kReduceMax;
  if (type == "ReduceMin") op = Op::kReduceMin;
  if (type == "ReduceMean") op = Op::kReduceMean;
  if (type == "ReduceProd") op = Op::kReduceProd;
  return in.finish(op, {x}, std::move(attributes));
}

// ArgMin is ArgMax of the negative.
Status import_arg(NodeImport& in) {
  ValueId x = PAWL_TRY(in.input(0));
  const int64_t given = PAWL_TRY(in.integer("axis", 0));
  const int64_t axis = PAWL_TRY(in.resolve_axis(given, in.rank(x)));
  const int64_t keepdims = PAWL_TRY(in.integer("keepdims", 1));
  const int64_t last = PAWL_TRY(in.integer("select_last_index", 0));
  if (in.op_type() == "ArgMin") x = PAWL_TRY(in.emit(Op::kNeg, {x}));
  return in.finish(Op::kArgMax, {x},
                   {{"axis", axis},
                    {"keepdims", int64_t{keepdims != 0}},
                    {"select_last_index", int64_t{last != 0}}});
}

// k is an attribute before opset 10, an input since.
Status import_top_k(NodeImport& in) {
  const ValueId x = PAWL_TRY(in.input(0));
  const int64_t given = PAWL_TRY(in.integer("axis", -1));
  const int64_t axis = PAWL_TRY(in.resolve_axis(given, in.rank(x)));
  int64_t k = PAWL_TRY(in.integer("k", 0));
  if (in.has(1)) {
    const std::vector<int64_t> input = PAWL_TRY(in.constant_integers(1, "k"));
    if (input.size() != 1) return in.malformed("k is not a scalar");
    k = input[0];
  }
  const int64_t largest = PAWL_TRY(in.integer("largest", 1));
  const int64_t sorted = PAWL_TRY(in.integer("sorted", 1));
  return in.finish(Op::kTopK, {x},
                   {{"axis", axis},
                    {"k", k},
                    {"largest", int64_t{largest != 0}},
                    {"sorted", int64_t{sorted != 0}}},
                   nullptr, 2);
}

}  // namespace pawl::engine::onnx
