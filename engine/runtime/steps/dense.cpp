#include <algorithm>
#include <limits>

#include "engine/runtime/steps/readers.h"

namespace pawl::engine::steps {
namespace {

using kernels::kRank;

// Extents of a dense tensor padded with leading ones to kRank.
void padded_extents(const TensorRecord& tensor, int64_t extent[kRank]) {
  std::fill(extent, extent + kRank, 1);
  for (int i = 0; i < tensor.rank; ++i) extent[kRank - tensor.rank + i] = tensor.extent[i];
}

// Strides of `tensor` seen under the extents `out`: 0 where it broadcasts. False if it cannot.
bool broadcast_strides(const TensorRecord& tensor, const int64_t out[kRank],
                       int64_t stride[kRank]) {
  int64_t extent[kRank];
  padded_extents(tensor, extent);
  int64_t step = 1;
  for (int i = kRank - 1; i >= 0; --i) {
    if (extent[i] != out[i] && extent[i] != 1) return false;
    stride[i] = extent[i] == 1 ? 0 : step;
    step *= extent[i];
  }
  return true;
}

// Whether start + sum index*stride stays inside [0, floats) for every index below extent.
bool region_inside(int64_t start, const int64_t extent[kRank], const int64_t stride[kRank],
                   int64_t floats) {
  __extension__ using Wide = __int128;  // strides come from a file: no product may overflow
  Wide low = start;
  Wide high = start;
  for (int i = 0; i < kRank; ++i) {
    const Wide reach = static_cast<Wide>(extent[i] - 1) * stride[i];
    (reach < 0 ? low : high) += reach;
  }
  return low >= 0 && high < floats;
}

}  // namespace

Result<StepParams> read_strided_copy(const StepReader& reader) {
  const StepRecord& step = reader.record();
  if (!reader.has_input(0)) return reader.broken("a tensor is missing");
  const TensorRecord& x = reader.tensor(step.input[0]);
  const TensorRecord& y = reader.tensor(step.output[0]);
  if (x.element == Element::kUint8 || y.element == Element::kUint8) {
    return reader.broken("a tensor is not of floats");
  }
  const auto f = step_fields<CopyFields>(step);
  if (StepReader::footprint(x) >= kTensorFloatsMax ||
      StepReader::footprint(y) >= kTensorFloatsMax) {
    return reader.broken("a tensor is too large");
  }
  for (int64_t extent : f.extent) {
    if (!all_within(1, kTensorFloatsMax, extent)) return reader.broken("an extent is out of range");
  }
  if (!region_inside(f.x_start, f.extent, f.x_stride, StepReader::footprint(x)) ||
      !region_inside(f.y_start, f.extent, f.y_stride, StepReader::footprint(y))) {
    return reader.broken("a copy leaves its tensor");
  }
  int64_t count = 1;
  for (int64_t extent : f.extent) {
    if (count > kTensorFloatsMax / extent) return reader.broken("a copy is too large");
    count *= extent;
  }
  kernels::StridedCopyParams params{};
  std::copy(f.extent, f.extent + kRank, params.extent);
  std::copy(f.x_stride, f.x_stride + kRank, params.x_stride);
  std::copy(f.y_stride, f.y_stride + kRank, params.y_stride);
  params.x = reinterpret_cast<const float*>(reader.bytes(x) + f.x_start * element_bytes(x.element));
  params.y = reinterpret_cast<float*>(reader.bytes(y) + f.y_start * element_bytes(y.element));
  return StepParams(params);
}

Result<StepParams> read_dense_binary(const StepReader& reader) {
  const TensorRecord* a = PAWL_TRY(reader.input_dense(0));
  const TensorRecord* b = PAWL_TRY(reader.input_dense(1));
  const TensorRecord* y = PAWL_TRY(reader.output_dense(0));
  const auto f = step_fields<OpFields>(reader.record());
  if (!all_within(0, 11, f.op)) return reader.broken("an unknown operator");
  kernels::DenseBinaryParams params{};
  params.op = static_cast<kernels::DenseBinaryOp>(f.op);
  padded_extents(*y, params.extent);
  if (!broadcast_strides(*a, params.extent, params.a_stride) ||
      !broadcast_strides(*b, params.extent, params.b_stride)) {
    return reader.broken("shapes do not broadcast");
  }
  params.a = reader.data(*a);
  params.b = reader.data(*b);
  params.y = reader.data(*y);
  return StepParams(params);
}

Result<StepParams> read_dense_unary(const StepReader& reader) {
  const TensorRecord* x = PAWL_TRY(reader.input_dense(0));
  const TensorRecord* y = PAWL_TRY(reader.output_dense(0));
  const auto f = step_fields<OpFields>(reader.record());
  if (!all_within(0, 15, f.op)) return reader.broken("an unknown operator");
  if (StepReader::count(*x) != StepReader::count(*y)) return reader.broken("shapes differ");
  return StepParams(kernels::DenseUnaryParams{.op = static_cast<kernels::DenseUnaryOp>(f.op),
                                              .activation = reader.activation(),
                                              .count = StepReader::count(*y),
                                              .x = reader.data(*x),
                                              .y = reader.data(*y)});
}

Result<StepParams> read_dense_reduce(const StepReader& reader) {
  const TensorRecord* x = PAWL_TRY(reader.input_dense(0));
  const TensorRecord* y = PAWL_TRY(reader.output_dense(0));
  const auto f = step_fields<ReduceFields>(reader.record());
  if (!all_within(0, 6, f.kind) || !all_within(1, kTensorFloatsMax, f.outer, f.axis, f.inner)) {
    return reader.broken("a reduction is out of range");
  }
  const int64_t x_count = StepReader::count(*x);
  // Each factor divides the count, checked one by one so that no product overflows.
  if (x_count % f.outer != 0 || (x_count / f.outer) % f.axis != 0 ||
      x_count / f.outer / f.axis != f.inner) {
    return reader.broken("a reduction does not match its input");
  }
  const auto kind = static_cast<kernels::DenseReduceParams::Kind>(f.kind);
  const int64_t y_count =
      kind == kernels::DenseReduceParams::Kind::kSoftmax ? x_count : x_count / f.axis;
  if (StepReader::count(*y) != y_count) return reader.broken("a reduction has another size");
  return StepParams(kernels::DenseReduceParams{.kind = kind,
                                               .outer = f.outer,
                                               .axis = f.axis,
                                               .inner = f.inner,
                                               .x = reader.data(*x),
                                               .y = reader.data(*y)});
}

Result<StepParams> read_matmul(const StepReader& reader) {
  const TensorRecord* a = PAWL_TRY(reader.input_dense(0));
  const TensorRecord* b = PAWL_TRY(reader.input_dense(1));
  const TensorRecord* y = PAWL_TRY(reader.output_dense(0));
  const auto f = step_fields<MatmulFields>(reader.record());
  constexpr int64_t kSide = int64_t{1} << 24;
  if (!all_within(1, kSide, f.batch, f.M, f.K, f.N) ||
      !all_within(0, kTensorFloatsMax, f.a_batch_stride, f.b_batch_stride)) {
    return reader.broken("a product is out of range");
  }
  const auto inside = [&f](int64_t rows, int64_t columns, int64_t stride, const TensorRecord& t) {
    __extension__ using Wide = __int128;
    return static_cast<Wide>(f.batch - 1) * stride + static_cast<Wide>(rows) * columns <=
           StepReader::count(t);
  };
  if (!inside(f.M, f.K, f.a_batch_stride, *a) || !inside(f.K, f.N, f.b_batch_stride, *b) ||
      !inside(f.M, f.N, f.M * f.N, *y)) {
    return reader.broken("a product leaves its tensors");
  }
  return StepParams(kernels::MatmulParams{.batch = f.batch,
                                          .M = f.M,
                                          .K = f.K,
                                          .N = f.N,
                                          .a_batch_stride = f.a_batch_stride,
                                          .b_batch_stride = f.b_batch_stride,
                                          .a = reader.data(*a),
                                          .b = reader.data(*b),
                                          .y = reader.data(*y)});
}

Result<StepParams> read_topk(const StepReader& reader) {
  const TensorRecord* x = PAWL_TRY(reader.input_dense(0));
  const TensorRecord* values = PAWL_TRY(reader.output_dense(0));
  const TensorRecord* indices = PAWL_TRY(reader.output_dense(1));
  const auto f = step_fields<TopKFields>(reader.record());
  if (!all_within(1, int64_t{1} << 24, f.rows, f.n, f.k) || f.k > f.n ||
      f.rows * f.n != StepReader::count(*x) || f.rows * f.k != StepReader::count(*values) ||
      f.rows * f.k != StepReader::count(*indices)) {
    return reader.broken("a selection does not match its tensors");
  }
  return StepParams(kernels::TopKParams{.rows = f.rows,
                                        .n = f.n,
                                        .k = f.k,
                                        .largest = f.largest != 0,
                                        .x = reader.data(*x),
                                        .values = reader.data(*values),
                                        .indices = reader.data(*indices),
                                        .scratch = nullptr});
}

Result<StepParams> read_dense_gather(const StepReader& reader) {
  const TensorRecord* x = PAWL_TRY(reader.input_dense(0));
  const TensorRecord* index = PAWL_TRY(reader.input_dense(1));
  const TensorRecord* y = PAWL_TRY(reader.output_dense(0));
  const auto f = step_fields<DenseGatherFields>(reader.record());
  constexpr int64_t kSide = int64_t{1} << 31;
  if (!all_within(0, 1, f.elementwise) ||
      !all_within(1, kSide, f.outer, f.axis, f.inner, f.count)) {
    return reader.broken("a gather is out of range");
  }
  __extension__ using Wide = __int128;
  const Wide x_count = static_cast<Wide>(f.outer) * f.axis * f.inner;
  const Wide y_count = static_cast<Wide>(f.outer) * f.count * f.inner;
  const Wide index_count = f.elementwise != 0 ? y_count : static_cast<Wide>(f.count);
  if (x_count != StepReader::count(*x) || y_count != StepReader::count(*y) ||
      index_count != StepReader::count(*index)) {
    return reader.broken("a gather does not match its tensors");
  }
  return StepParams(kernels::DenseGatherParams{.elementwise = f.elementwise != 0,
                                               .outer = f.outer,
                                               .axis = f.axis,
                                               .inner = f.inner,
                                               .count = f.count,
                                               .x = reader.data(*x),
                                               .index = reader.data(*index),
                                               .y = reader.data(*y)});
}

}  // namespace pawl::engine::steps
