// Operators on plain row-major float32 tensors of up to 6 dimensions: what a graph does outside the
// NHWC convolution body (attention reshapes, a head kept as it was exported). Correct first; none
// of them is on the hot path of a supported head.
//
// Shapes are padded with leading ones to kRank. Strides are in floats; a broadcast dimension has
// stride 0. y is dense and overlaps no input.
// Threads  as conv.h: rows of y are split.
// Error    exact but for exp/pow (2e-6 relative), activations (activation.h), softmax (softmax.h),
//          sums (double accumulators) and matmul (below).
#pragma once

#include <cstdint>

#include "kernels/activation.h"

namespace pawl::kernels {

inline constexpr int32_t kRank = 6;

// y[i...] = x at strides: Transpose, Slice, Expand, Split and NHWC <-> NCHW are all this one.
struct StridedCopyParams {
  int64_t extent[kRank];  // of the copied region
  int64_t x_stride[kRank];
  int64_t y_stride[kRank];
  const float* x;  // at the first element
  float* y;
};
void strided_copy(const StridedCopyParams& params, int32_t part, int32_t parts);

enum class DenseBinaryOp : uint8_t {
  kAdd = 0,
  kSub = 1,
  kMul = 2,
  kDiv = 3,
  kMin = 4,
  kMax = 5,
  kPow = 6,
  kMod = 7,           // takes the sign of the divisor, as ONNX Mod of integers
  kTruncatedMod = 8,  // of the dividend
  kEqual = 9,         // comparisons give 1 or 0
  kLess = 10,
  kGreater = 11
};
struct DenseBinaryParams {
  DenseBinaryOp op;
  int64_t extent[kRank];  // of y, which is dense
  int64_t a_stride[kRank];
  int64_t b_stride[kRank];
  const float* a;
  const float* b;
  float* y;
};
void dense_binary(const DenseBinaryParams& params, int32_t part, int32_t parts);

enum class DenseUnaryOp : uint8_t {
  kActivation = 0,
  kExp = 1,
  kLog = 2,
  kSqrt = 3,
  kErf = 4,
  kNeg = 5,
  kAbs = 6,
  kFloor = 7,
  kCeil = 8,
  kReciprocal = 9,
  kSin = 10,
  kCos = 11,
  kSoftplus = 12,
  kElu = 13,
  kTruncate = 14,  // towards zero
  kNot = 15        // 1 where x is 0, else 0
};
struct DenseUnaryParams {
  DenseUnaryOp op;
  ActivationParams activation;  // kActivation; kElu: alpha
  int64_t count;
  const float* x;
  float* y;
};
void dense_unary(const DenseUnaryParams& params, int32_t part, int32_t parts);

// Softmax and reductions see x as (outer, axis, inner).
struct DenseReduceParams {
  enum class Kind : uint8_t {
    kSoftmax = 0,
    kMax = 1,
    kMin = 2,
    kMean = 3,
    kSum = 4,
    kProd = 5,
    kArgMax = 6
  } kind;
  int64_t outer, axis, inner;
  const float* x;
  float* y;  // softmax: (outer, axis, inner); others (outer, inner); argmax writes the index
};
void dense_reduce(const DenseReduceParams& params, int32_t part, int32_t parts);

// y[b] = a[b] (M,K) * b[b] (K,N), dense matrices; batch strides in floats, 0 broadcasts.
// Error: 1e-5 * sum_k |a*b|; ref is cpu/matmul/scalar.cpp (double accumulator).
struct MatmulParams {
  int64_t batch, M, K, N;
  int64_t a_batch_stride, b_batch_stride;
  const float* a;
  const float* b;
  float* y;
};
// The best variant this CPU runs.
void matmul(const MatmulParams& params, int32_t part, int32_t parts);

// The k <= n largest of each row of (rows, n), descending, or smallest, ascending; ties by
// ascending index (as ONNX Runtime), a NaN counts as the largest. Indices are written as floats
// (exact below 2^24). scratch: n int32 a part, one part after the other.
struct TopKParams {
  int64_t rows, n, k;
  bool largest;
  const float* x;
  float* values;
  float* indices;
  int32_t* scratch;
};
void topk(const TopKParams& params, int32_t part, int32_t parts);

// y (outer, count, inner) = x (outer, axis, inner) at index[count] (gather), or
// y[o,i,n] = x[o, index[o,i,n], n] (gather_elements). Indices are floats; negative ones count from
// the end, the rest is clamped into range (a NaN to 0).
struct DenseGatherParams {
  bool elementwise;
  int64_t outer, axis, inner, count;
  const float* x;
  const float* index;
  float* y;
};
void dense_gather(const DenseGatherParams& params, int32_t part, int32_t parts);

}  // namespace pawl::kernels
