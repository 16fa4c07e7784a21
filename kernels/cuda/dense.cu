// See dense.h.
#include <cuda_fp16.h>

#include <cstdint>

#include "kernels/cuda/dense.h"
#include "kernels/cuda/device/activation.cuh"

namespace pawl::kernels::cuda {
namespace {

__device__ inline int element() {
  return static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
}

__device__ inline float infinity() {
  return __int_as_float(0x7F800000);
}

// Where element `index` of `extent` lies under two sets of strides. False: there is none.
__device__ inline bool offsets(const int64_t (&extent)[kRank], const int64_t (&a_stride)[kRank],
                               const int64_t (&b_stride)[kRank], int index, int64_t* a,
                               int64_t* b) {
  *a = *b = 0;
#pragma unroll
  for (int d = kRank - 1; d >= 0; --d) {
    const int size = static_cast<int>(extent[d]);
    *a += index % size * a_stride[d];
    *b += index % size * b_stride[d];
    index /= size;
  }
  return index == 0;
}

__device__ inline float modulo(float a, float b) {
  const float remainder = fmodf(a, b);
  return remainder != 0.0F && (remainder < 0.0F) != (b < 0.0F) ? remainder + b : remainder;
}

__device__ inline float combine(DenseBinaryOp op, float a, float b) {
  switch (op) {
    case DenseBinaryOp::kAdd:
      return a + b;
    case DenseBinaryOp::kSub:
      return a - b;
    case DenseBinaryOp::kMul:
      return a * b;
    case DenseBinaryOp::kDiv:
      return a / b;
    case DenseBinaryOp::kMin:
      return b < a ? b : a;
    case DenseBinaryOp::kMax:
      return a < b ? b : a;
    case DenseBinaryOp::kPow:
      return powf(a, b);
    case DenseBinaryOp::kMod:
      return modulo(a, b);
    case DenseBinaryOp::kTruncatedMod:
      return fmodf(a, b);
    case DenseBinaryOp::kEqual:
      return a == b ? 1.0F : 0.0F;
    case DenseBinaryOp::kLess:
      return a < b ? 1.0F : 0.0F;
    default:
      return a > b ? 1.0F : 0.0F;
  }
}

__device__ inline float apply(const DenseUnaryParams& p, float x) {
  switch (p.op) {
    case DenseUnaryOp::kActivation: {
      float v[1] = {x};
      activate(v, p.activation);
      return v[0];
    }
    case DenseUnaryOp::kExp:
      return expf(x);
    case DenseUnaryOp::kLog:
      return logf(x);
    case DenseUnaryOp::kSqrt:
      return sqrtf(x);
    case DenseUnaryOp::kErf:
      return erff(x);
    case DenseUnaryOp::kNeg:
      return -x;
    case DenseUnaryOp::kAbs:
      return fabsf(x);
    case DenseUnaryOp::kFloor:
      return floorf(x);
    case DenseUnaryOp::kCeil:
      return ceilf(x);
    case DenseUnaryOp::kReciprocal:
      return 1.0F / x;
    case DenseUnaryOp::kSin:
      return sinf(x);
    case DenseUnaryOp::kCos:
      return cosf(x);
    case DenseUnaryOp::kSoftplus:
      return fmaxf(x, 0.0F) + log1pf(expf(-fabsf(x)));
    case DenseUnaryOp::kElu:
      return x < 0.0F ? p.activation.alpha * expm1f(x) : x;
    case DenseUnaryOp::kTruncate:
      return truncf(x);
    default:
      return x == 0.0F ? 1.0F : 0.0F;
  }
}

// A sum that keeps what rounding takes away (Neumaier).
struct Sum {
  float sum = 0.0F, lost = 0.0F;
  __device__ void add(float v) {
    const float next = sum + v;
    lost += fabsf(sum) >= fabsf(v) ? (sum - next) + v : (v - next) + sum;
    sum = next;
  }
  __device__ float value() const { return sum + lost; }
};

// Orders as the float does: -0 equals +0, a NaN is the largest.
__device__ inline int64_t order_key(float value) {
  if (value != value) return int64_t{1} << 32;
  const int bits = __float_as_int(value);
  return bits >= 0 ? bits : -static_cast<int64_t>(bits & 0x7FFFFFFF);
}

__device__ inline int64_t clamp_index(float value, int64_t axis) {
  if (value != value) return 0;
  const float last = static_cast<float>(axis - 1);
  if (value < 0.0F) value += static_cast<float>(axis);
  if (value >= last) return axis - 1;
  return value > 0.0F ? static_cast<int64_t>(value) : 0;
}

}  // namespace

extern "C" {
__global__ void __launch_bounds__(128) strided_copy(CopyLaunchParams p) {
  int64_t x, y;
  if (!offsets(p.copy.extent, p.copy.x_stride, p.copy.y_stride, element(), &x, &y)) return;
  const float value =
      p.x_half ? __half2float(reinterpret_cast<const __half*>(p.copy.x)[x]) : p.copy.x[x];
  if (p.y_half) {
    reinterpret_cast<__half*>(p.copy.y)[y] = __float2half_rn(value);
  } else {
    p.copy.y[y] = value;
  }
}

__global__ void __launch_bounds__(128) dense_binary(DenseBinaryParams p) {
  int64_t a, b;
  const int at = element();
  if (!offsets(p.extent, p.a_stride, p.b_stride, at, &a, &b)) return;
  p.y[at] = combine(p.op, p.a[a], p.b[b]);
}

__global__ void __launch_bounds__(128) dense_unary(DenseUnaryParams p) {
  const int at = element();
  if (at < p.count) p.y[at] = apply(p, p.x[at]);
}

__global__ void __launch_bounds__(128) dense_reduce(DenseReduceParams p) {
  using Kind = DenseReduceParams::Kind;
  const int slice = element();
  if (slice >= p.outer * p.inner) return;
  const float* x = p.x + slice / p.inner * p.axis * p.inner + slice % p.inner;
  float best = p.kind == Kind::kMin ? infinity() : -infinity();
  float product = 1.0F;
  int64_t where = 0;
  Sum sum;
  if (p.kind == Kind::kArgMax) best = x[0];
  for (int64_t i = 0; i < p.axis; ++i) {
    const float v = x[i * p.inner];
    sum.add(v);
    product *= v;
    // As the CPU also where a NaN decides.
    const bool kept = p.kind == Kind::kArgMax ? v <= best
                      : p.kind == Kind::kMin  ? best < v
                                              : best > v;
    if (!kept) best = v, where = i;
  }
  float result = best;
  if (p.kind == Kind::kSum) result = sum.value();
  if (p.kind == Kind::kMean) result = sum.value() / static_cast<float>(p.axis);
  if (p.kind == Kind::kProd) result = product;
  if (p.kind == Kind::kArgMax) result = static_cast<float>(where);
  p.y[slice] = result;
}

__global__ void __launch_bounds__(128) dense_softmax(DenseReduceParams p) {
  const int slice = element();
  if (slice >= p.outer * p.inner) return;
  const int64_t first = slice / p.inner * p.axis * p.inner + slice % p.inner;
  float top = -infinity();
  bool number = true;
  for (int64_t i = 0; i < p.axis; ++i) {
    const float v = p.x[first + i * p.inner];
    number = number && v == v && v != infinity();
    top = fmaxf(top, v);
  }
  number = number && top != -infinity();
  Sum sum;
  for (int64_t i = 0; i < p.axis; ++i) sum.add(expf(p.x[first + i * p.inner] - top));
  const float scale = number ? 1.0F / sum.value() : __int_as_float(0x7FC00000);
  for (int64_t i = 0; i < p.axis; ++i) {
    p.y[first + i * p.inner] = expf(p.x[first + i * p.inner] - top) * scale;
  }
}

__global__ void __launch_bounds__(128) matmul(MatmulParams p) {
  const int at = element();
  if (at >= p.batch * p.M * p.N) return;
  const int64_t n = at % p.N, m = at / p.N % p.M, b = at / p.N / p.M;
  const float* row = p.a + b * p.a_batch_stride + m * p.K;
  const float* column = p.b + b * p.b_batch_stride + n;
  float sum = 0.0F;
  for (int64_t k = 0; k < p.K; ++k) sum += row[k] * column[k * p.N];
  p.y[at] = sum;
}

// An element's rank is the number of those that precede it; the first k write themselves down.
__global__ void __launch_bounds__(128) topk(TopKParams p) {
  const int at = element();
  if (at >= p.rows * p.n) return;
  const int64_t row = at / p.n, i = at % p.n;
  const float* x = p.x + row * p.n;
  const int64_t key = order_key(x[i]);
  int64_t rank = 0;
  for (int64_t j = 0; j < p.n && rank < p.k; ++j) {
    const int64_t other = order_key(x[j]);
    const bool precedes = other == key ? j < i : (p.largest ? other > key : other < key);
    rank += precedes ? 1 : 0;
  }
  if (rank >= p.k) return;
  p.values[row * p.k + rank] = x[i];
  p.indices[row * p.k + rank] = static_cast<float>(i);
}

__global__ void __launch_bounds__(128) dense_gather(DenseGatherParams p) {
  const int at = element();
  if (at >= p.outer * p.count * p.inner) return;
  const int64_t n = at % p.inner, i = at / p.inner % p.count, o = at / p.inner / p.count;
  const int64_t from = clamp_index(p.index[p.elementwise ? at : i], p.axis);
  p.y[at] = p.x[(o * p.axis + from) * p.inner + n];
}
}

}  // namespace pawl::kernels::cuda
