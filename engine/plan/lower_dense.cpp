// Nodes on dense row-major tensors: attention reshapes, heads kept as exported.
#include <algorithm>
#include <array>
#include <vector>

#include "engine/passes/rewrite.h"
#include "engine/plan/dense_layout.h"
#include "engine/plan/kinds.h"
#include "engine/plan/lowering.h"

namespace pawl::engine {
Status Lowering::lower_dense(const Node& node) {
  switch (node.op) {
    case Op::kIdentity:
    case Op::kReshape: {
      // The same bytes under other extents; a copy keeps every value in a buffer of its own.
      const int64_t count = element_count(shape(node.outputs[0]));
      const int32_t x = dense(node.inputs[0]);
      add_copy(node.name, x, output(node),
               CopyFields{.extent = {1, 1, 1, 1, 1, count},
                          .x_stride = {0, 0, 0, 0, 0, 1},
                          .y_stride = {0, 0, 0, 0, 0, 1},
                          .x_start = 0,
                          .y_start = 0});
      return {};
    }
    case Op::kTranspose:
    case Op::kSlice:
    case Op::kSplit:
    case Op::kExpand:
    case Op::kConcat:
      lower_strided(node);
      return {};
    case Op::kTile: {
      const Shape& in = shape(node.inputs[0]);
      for (size_t d = 0; d < in.size(); ++d) {
        if (in[d] != 1 && node.integers("repeats")[d] != 1) {
          return unsupported(node, "only extents of 1 are repeated");
        }
      }
      lower_strided(node);
      return {};
    }
    case Op::kMatMul:
      return lower_matmul(node);
    case Op::kGather:
    case Op::kGatherElements:
      return lower_gather(node);
    case Op::kTopK:
      return lower_topk(node);
    case Op::kPad:
      lower_dense_pad(node);
      return {};
    case Op::kDepthToSpace:
    case Op::kSpaceToDepth:
      lower_blocks(node, dense(node.inputs[0]));
      return {};
    default:
      break;
  }
  if (reduce_kind(node.op)) return lower_reduce(node);
  if (dense_binary_op(node.op) && node.inputs.size() == 2) {
    return lower_dense_binary(node);
  }
  if (node.inputs.size() == 1 &&
      (dense_unary_op(node.op) || activation_of(node) || node.op == Op::kCast)) {
    return lower_dense_unary(node);
  }
  return unsupported(node, "this operator cannot run outside an image");
}

void Lowering::lower_strided(const Node& node) {
  if (node.op == Op::kConcat) {
    const auto axis = static_cast<size_t>(node.integer("axis"));
    const int32_t y = output(node);
    const std::vector<int64_t> y_strides = dense_strides(shape(node.outputs[0]));
    int64_t offset = 0;
    for (const ValueId input : node.inputs) {
      CopyFields fields{};
      place_extents(shape(input), &fields);
      place_strides(dense_strides(shape(input)), fields.x_stride);
      place_strides(y_strides, fields.y_stride);
      fields.y_start = offset * y_strides[axis];
      add_copy(node.name, dense(input), y, fields);
      offset += shape(input)[axis];
    }
    return;
  }
  const int32_t x = dense(node.inputs[0]);
  const Shape& in = shape(node.inputs[0]);
  const std::vector<int64_t> in_strides = dense_strides(in);
  int64_t split_start = 0;
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    const Shape& out = shape(node.outputs[i]);
    CopyFields fields{};
    place_extents(out, &fields);
    place_strides(dense_strides(out), fields.y_stride);
    std::vector<int64_t> strides(out.size(), 0);
    if (node.op == Op::kTranspose) {
      const std::vector<int64_t>& perm = node.integers("perm");
      for (size_t d = 0; d < out.size(); ++d) strides[d] = in_strides[static_cast<size_t>(perm[d])];
    } else if (node.op == Op::kSlice) {
      for (size_t d = 0; d < out.size(); ++d) {
        strides[d] = in_strides[d] * node.integers("steps")[d];
        fields.x_start += in_strides[d] * node.integers("starts")[d];
      }
    } else if (node.op == Op::kSplit) {
      const auto axis = static_cast<size_t>(node.integer("axis"));
      strides = in_strides;
      fields.x_start = split_start * in_strides[axis];
      split_start += out[axis];
    } else {  // Expand; Tile of extents 1 is the same
      const size_t lead = out.size() - in.size();
      for (size_t d = 0; d < in.size(); ++d) strides[lead + d] = in[d] == 1 ? 0 : in_strides[d];
    }
    place_strides(strides, fields.x_stride);
    add_copy(node.name, x, output(node, i), fields);
  }
}

Status Lowering::lower_dense_binary(const Node& node) {
  const int32_t a = dense(node.inputs[0]);
  const int32_t b = dense(node.inputs[1]);
  const int32_t y = output(node);
  // Integers travel as floats, exact below 2^24; their division drops the fraction.
  const bool drops = node.op == Op::kDiv && graph_.value(node.outputs[0]).dtype != DType::kFloat32;
  const Shape& s = shape(node.outputs[0]);
  const int32_t result = drops ? builder_.add_dense(node.name + ".quotient", s) : y;
  const bool truncated = node.op == Op::kMod && node.integer("fmod") != 0;
  const kernels::DenseBinaryOp op =
      truncated ? kernels::DenseBinaryOp::kTruncatedMod : *dense_binary_op(node.op);
  StepRecord& step = builder_.add_step(StepKind::kDenseBinary, node.name, {{a, b}, {result}});
  set_step_fields(OpFields{static_cast<int64_t>(op)}, &step);
  if (drops) truncate(node, result, y);
  return {};
}

void Lowering::truncate(const Node& node, int32_t x, int32_t y) {
  StepRecord& step = builder_.add_step(StepKind::kDenseUnary, node.name, {{x}, {y}});
  set_step_fields(OpFields{static_cast<int64_t>(kernels::DenseUnaryOp::kTruncate)}, &step);
}

Status Lowering::lower_dense_unary(const Node& node) {
  const int32_t x = dense(node.inputs[0]);
  const int32_t y = output(node);
  if (node.op == Op::kCast) {
    const DType from = graph_.value(node.inputs[0]).dtype;
    const DType to = graph_.value(node.outputs[0]).dtype;
    if (to == DType::kBool && from != DType::kBool) {
      return unsupported(node, "numbers are not cast to truth values");
    }
    if (from == DType::kFloat32 && to != DType::kFloat32) {
      truncate(node, x, y);
      return {};
    }
  }
  StepRecord& step = builder_.add_step(StepKind::kDenseUnary, node.name, {{x}, {y}});
  kernels::DenseUnaryOp op = kernels::DenseUnaryOp::kActivation;  // any other Cast copies
  if (const auto named = dense_unary_op(node.op)) {
    op = *named;
    if (node.op == Op::kElu) step.alpha = node.real("alpha");
  } else if (const auto activation = activation_of(node)) {
    step.activation = static_cast<uint8_t>(activation->kind);
    step.alpha = activation->alpha;
    step.beta = activation->beta;
  }
  set_step_fields(OpFields{static_cast<int64_t>(op)}, &step);
  return {};
}

Status Lowering::lower_reduce(const Node& node) {
  const Shape& in = shape(node.inputs[0]);
  std::vector<int64_t> axes;
  if (node.op == Op::kSoftmax || node.op == Op::kArgMax) {
    axes = {node.integer("axis")};
    if (node.op == Op::kArgMax && node.integer("select_last_index") != 0) {
      return unsupported(node, "the last of equal values is not selected");
    }
  } else {
    axes = node.integers("axes");
    std::sort(axes.begin(), axes.end());
  }
  if (axes.empty() || axes.back() - axes.front() != static_cast<int64_t>(axes.size()) - 1) {
    return unsupported(node, "the reduced axes are not next to each other");
  }
  const OuterAxisInner parts =
      split_at(in, static_cast<size_t>(axes.front()), static_cast<size_t>(axes.back()));
  StepRecord& step = builder_.add_step(StepKind::kDenseReduce, node.name,
                                       {{dense(node.inputs[0])}, {output(node)}});
  set_step_fields(ReduceFields{.kind = static_cast<int64_t>(*reduce_kind(node.op)),
                               .outer = parts.outer,
                               .axis = parts.axis,
                               .inner = parts.inner},
                  &step);
  return {};
}

Status Lowering::lower_matmul(const Node& node) {
  const Shape& a = shape(node.inputs[0]);
  const Shape& b = shape(node.inputs[1]);
  if (a.size() < 2 || b.size() < 2) return unsupported(node, "only matrices of rank 2 and above");
  const auto batch = [](const Shape& s) {
    int64_t product = 1;
    for (size_t i = 0; i + 2 < s.size(); ++i) product *= s[i];
    return product;
  };
  MatmulFields fields{.batch = std::max(batch(a), batch(b)),
                      .M = a[a.size() - 2],
                      .K = a[a.size() - 1],
                      .N = b[b.size() - 1],
                      .a_batch_stride = 0,
                      .b_batch_stride = 0};
  const bool simple = (batch(a) == 1 || batch(a) == fields.batch) &&
                      (batch(b) == 1 || batch(b) == fields.batch) &&
                      batch(shape(node.outputs[0])) == fields.batch;
  if (!simple) return unsupported(node, "its batches broadcast in more than one dimension");
  if (batch(a) > 1) fields.a_batch_stride = fields.M * fields.K;
  if (batch(b) > 1) fields.b_batch_stride = fields.K * fields.N;
  builder_.add_multiply_adds(fields.batch * fields.M * fields.K * fields.N);
  const int32_t left = dense(node.inputs[0]);
  const int32_t right = dense(node.inputs[1]);
  StepRecord& step =
      builder_.add_step(StepKind::kMatmul, node.name, {{left, right}, {output(node)}});
  set_step_fields(fields, &step);
  return {};
}

Status Lowering::lower_topk(const Node& node) {
  const Shape& in = shape(node.inputs[0]);
  const auto axis = static_cast<size_t>(node.integer("axis"));
  const OuterAxisInner parts = split_at(in, axis, axis);
  if (parts.inner != 1) return unsupported(node, "only along the last axis");
  StepRecord& step = builder_.add_step(
      StepKind::kTopK, node.name, {{dense(node.inputs[0])}, {output(node, 0), output(node, 1)}});
  set_step_fields(TopKFields{.rows = parts.outer,
                             .n = parts.axis,
                             .k = node.integer("k"),
                             .largest = node.integer("largest")},
                  &step);
  return {};
}

Status Lowering::lower_gather(const Node& node) {
  const Shape& in = shape(node.inputs[0]);
  const Shape& indices = shape(node.inputs[1]);
  const auto axis = static_cast<size_t>(node.integer("axis"));
  const OuterAxisInner parts = split_at(in, axis, axis);
  const bool elementwise = node.op == Op::kGatherElements;
  if (elementwise) {
    for (size_t d = 0; d < in.size(); ++d) {
      if (d != axis && indices[d] != in[d]) {
        return unsupported(node, "its indices do not cover the other axes");
      }
    }
  }
  const int32_t x = dense(node.inputs[0]);
  const int32_t index = dense(node.inputs[1]);
  StepRecord& step =
      builder_.add_step(StepKind::kDenseGather, node.name, {{x, index}, {output(node)}});
  set_step_fields(DenseGatherFields{.elementwise = elementwise ? 1 : 0,
                                    .outer = parts.outer,
                                    .axis = parts.axis,
                                    .inner = parts.inner,
                                    .count = elementwise ? indices[axis] : element_count(indices)},
                  &step);
  return {};
}

}  // namespace pawl::engine
