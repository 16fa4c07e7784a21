#include "kernels/dense.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/cpu/matmul/variants.h"
#include "kernels/cpu/pixelwise/variants.h"
#include "kernels/cpu/softmax/variants.h"
#include "kernels/pixelwise.h"
#include "kernels/softmax.h"

namespace pawl::kernels {
namespace {

struct Range {
  int64_t begin;
  int64_t end;
};

Range part_of(int64_t count, int32_t part, int32_t parts) {
  return {count * part / parts, count * (part + 1) / parts};
}

// Walks all rows (the dimensions but the last) of a strided pair of tensors in y's order.
class RowWalk {
 public:
  RowWalk(const int64_t* extent, const int64_t* stride_a, const int64_t* stride_b, int64_t row)
      : extent_(extent), stride_a_(stride_a), stride_b_(stride_b) {
    for (int32_t d = kRank - 2; d >= 0; --d) {
      index_[d] = row % extent[d];
      row /= extent[d];
      a_ += index_[d] * stride_a[d];
      b_ += index_[d] * stride_b[d];
    }
  }

  int64_t a() const { return a_; }
  int64_t b() const { return b_; }

  void advance() {
    for (int32_t d = kRank - 2; d >= 0; --d) {
      a_ += stride_a_[d];
      b_ += stride_b_[d];
      if (++index_[d] < extent_[d]) return;
      a_ -= extent_[d] * stride_a_[d];
      b_ -= extent_[d] * stride_b_[d];
      index_[d] = 0;
    }
  }

 private:
  const int64_t* extent_;
  const int64_t* stride_a_;
  const int64_t* stride_b_;
  int64_t index_[kRank] = {};
  int64_t a_ = 0;
  int64_t b_ = 0;
};

int64_t row_count(const int64_t* extent) {
  if (extent[kRank - 1] == 0) return 0;
  int64_t rows = 1;
  for (int32_t d = 0; d + 1 < kRank; ++d) rows *= extent[d];
  return rows;
}

// Inner loops with the usual strides (1, and 0 for a broadcast operand) as constants, so that the
// compiler vectorises them.
template <typename Op>
void binary_row(const DenseBinaryParams& p, const float* a, const float* b, float* y, Op op) {
  const int64_t n = p.extent[kRank - 1];
  const int64_t a_stride = p.a_stride[kRank - 1];
  const int64_t b_stride = p.b_stride[kRank - 1];
  if (a_stride == 1 && b_stride == 1) {
    for (int64_t i = 0; i < n; ++i) y[i] = op(a[i], b[i]);
  } else if (a_stride == 1 && b_stride == 0) {
    for (int64_t i = 0; i < n; ++i) y[i] = op(a[i], *b);
  } else {
    for (int64_t i = 0; i < n; ++i) y[i] = op(a[i * a_stride], b[i * b_stride]);
  }
}

template <typename Op>
void binary_rows(const DenseBinaryParams& p, int32_t part, int32_t parts, Op op) {
  const Range rows = part_of(row_count(p.extent), part, parts);
  if (rows.begin == rows.end) return;
  RowWalk walk(p.extent, p.a_stride, p.b_stride, rows.begin);
  for (int64_t row = rows.begin; row < rows.end; ++row, walk.advance()) {
    binary_row(p, p.a + walk.a(), p.b + walk.b(), p.y + row * p.extent[kRank - 1], op);
  }
}

float modulo(float a, float b) {
  const float remainder = std::fmod(a, b);
  return remainder != 0.0F && (remainder < 0.0F) != (b < 0.0F) ? remainder + b : remainder;
}

template <typename Op>
void map(const DenseUnaryParams& p, Range range, Op op) {
  for (int64_t i = range.begin; i < range.end; ++i) p.y[i] = op(p.x[i]);
}

// The vectorised activations of pixelwise.h, a bounded number of floats a call.
void map_activation(const DenseUnaryParams& p, Range range) {
  constexpr int64_t kChunk = 1 << 20;
  const PixelwiseVariant& variant = best_usable(pixelwise_variants());
  for (int64_t begin = range.begin; begin < range.end; begin += kChunk) {
    const auto count = static_cast<int32_t>(std::min(kChunk, range.end - begin));
    const UnaryParams chunk{.P = 1,
                            .C = count,
                            .x_pixel_stride = count,
                            .y_pixel_stride = count,
                            .x = p.x + begin,
                            .y = p.y + begin,
                            .activation = p.activation};
    variant.unary(chunk, 0, 1);
  }
}

float softplus(float x) {
  return std::max(x, 0.0F) + std::log1p(std::exp(-std::fabs(x)));
}

// Reductions handle kColumns neighbours of the inner dimension at once: memory is read in order
// whatever the axis.
constexpr int64_t kColumns = 64;

void argmax_columns(const DenseReduceParams& p, const float* x, float* y, int64_t columns) {
  float largest[kColumns];
  for (int64_t n = 0; n < columns; ++n) {
    largest[n] = x[n];
    y[n] = 0.0F;
  }
  for (int64_t i = 1; i < p.axis; ++i) {
    for (int64_t n = 0; n < columns; ++n) {
      if (x[i * p.inner + n] <= largest[n]) continue;
      largest[n] = x[i * p.inner + n];
      y[n] = static_cast<float>(i);
    }
  }
}

template <typename Op>
void fold_columns(const DenseReduceParams& p, const float* x, float* y, int64_t columns,
                  double start, double divisor, Op op) {
  double folded[kColumns];
  std::fill_n(folded, columns, start);
  for (int64_t i = 0; i < p.axis; ++i) {
    for (int64_t n = 0; n < columns; ++n) {
      folded[n] = op(folded[n], static_cast<double>(x[i * p.inner + n]));
    }
  }
  for (int64_t n = 0; n < columns; ++n) y[n] = static_cast<float>(folded[n] / divisor);
}

void reduce_columns(const DenseReduceParams& p, const float* x, float* y, int64_t columns) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const auto add = [](double a, double b) { return a + b; };
  switch (p.kind) {
    case DenseReduceParams::Kind::kSoftmax:
      return;  // not one number a column
    case DenseReduceParams::Kind::kMax:
      return fold_columns(p, x, y, columns, -kInfinity, 1.0,
                          [](double a, double b) { return a > b ? a : b; });
    case DenseReduceParams::Kind::kMin:
      return fold_columns(p, x, y, columns, kInfinity, 1.0,
                          [](double a, double b) { return a < b ? a : b; });
    case DenseReduceParams::Kind::kMean:
      return fold_columns(p, x, y, columns, 0.0, static_cast<double>(p.axis), add);
    case DenseReduceParams::Kind::kSum:
      return fold_columns(p, x, y, columns, 0.0, 1.0, add);
    case DenseReduceParams::Kind::kProd:
      return fold_columns(p, x, y, columns, 1.0, 1.0, [](double a, double b) { return a * b; });
    case DenseReduceParams::Kind::kArgMax:
      return argmax_columns(p, x, y, columns);
  }
}

// An integer that orders as the float does: -0 equals +0, a NaN is the largest.
int64_t order_key(float value) {
  if (std::isnan(value)) return int64_t{1} << 32;
  const auto bits = std::bit_cast<int32_t>(value);
  return bits >= 0 ? bits : -int64_t{bits & 0x7fffffff};
}

int64_t clamp_index(float value, int64_t axis) {
  if (std::isnan(value)) return 0;
  const auto last = static_cast<float>(axis - 1);
  if (value < 0.0F) value += static_cast<float>(axis);
  if (value >= last) return axis - 1;
  return value > 0.0F ? static_cast<int64_t>(value) : 0;
}

}  // namespace

void strided_copy(const StridedCopyParams& p, int32_t part, int32_t parts) {
  const Range rows = part_of(row_count(p.extent), part, parts);
  if (rows.begin == rows.end) return;
  const int64_t n = p.extent[kRank - 1];
  const int64_t x_stride = p.x_stride[kRank - 1];
  const int64_t y_stride = p.y_stride[kRank - 1];
  RowWalk walk(p.extent, p.x_stride, p.y_stride, rows.begin);
  for (int64_t row = rows.begin; row < rows.end; ++row, walk.advance()) {
    const float* x = p.x + walk.a();
    float* y = p.y + walk.b();
    if (x_stride == 1 && y_stride == 1) {
      std::memcpy(y, x, static_cast<size_t>(n) * sizeof(float));
    } else {
      for (int64_t i = 0; i < n; ++i) y[i * y_stride] = x[i * x_stride];
    }
  }
}

void dense_binary(const DenseBinaryParams& p, int32_t part, int32_t parts) {
  switch (p.op) {
    case DenseBinaryOp::kAdd:
      return binary_rows(p, part, parts, [](float a, float b) { return a + b; });
    case DenseBinaryOp::kSub:
      return binary_rows(p, part, parts, [](float a, float b) { return a - b; });
    case DenseBinaryOp::kMul:
      return binary_rows(p, part, parts, [](float a, float b) { return a * b; });
    case DenseBinaryOp::kDiv:
      return binary_rows(p, part, parts, [](float a, float b) { return a / b; });
    case DenseBinaryOp::kMin:
      return binary_rows(p, part, parts, [](float a, float b) { return b < a ? b : a; });
    case DenseBinaryOp::kMax:
      return binary_rows(p, part, parts, [](float a, float b) { return a < b ? b : a; });
    case DenseBinaryOp::kPow:
      return binary_rows(p, part, parts, [](float a, float b) { return std::pow(a, b); });
    case DenseBinaryOp::kMod:
      return binary_rows(p, part, parts, modulo);
    case DenseBinaryOp::kTruncatedMod:
      return binary_rows(p, part, parts, [](float a, float b) { return std::fmod(a, b); });
    case DenseBinaryOp::kEqual:
      return binary_rows(p, part, parts, [](float a, float b) { return a == b ? 1.0F : 0.0F; });
    case DenseBinaryOp::kLess:
      return binary_rows(p, part, parts, [](float a, float b) { return a < b ? 1.0F : 0.0F; });
    case DenseBinaryOp::kGreater:
      return binary_rows(p, part, parts, [](float a, float b) { return a > b ? 1.0F : 0.0F; });
  }
}

void dense_unary(const DenseUnaryParams& p, int32_t part, int32_t parts) {
  const Range range = part_of(p.count, part, parts);
  const float alpha = p.activation.alpha;
  switch (p.op) {
    case DenseUnaryOp::kActivation:
      return map_activation(p, range);
    case DenseUnaryOp::kExp:
      return map(p, range, [](float x) { return std::exp(x); });
    case DenseUnaryOp::kLog:
      return map(p, range, [](float x) { return std::log(x); });
    case DenseUnaryOp::kSqrt:
      return map(p, range, [](float x) { return std::sqrt(x); });
    case DenseUnaryOp::kErf:
      return map(p, range, [](float x) { return std::erf(x); });
    case DenseUnaryOp::kNeg:
      return map(p, range, [](float x) { return -x; });
    case DenseUnaryOp::kAbs:
      return map(p, range, [](float x) { return std::fabs(x); });
    case DenseUnaryOp::kFloor:
      return map(p, range, [](float x) { return std::floor(x); });
    case DenseUnaryOp::kCeil:
      return map(p, range, [](float x) { return std::ceil(x); });
    case DenseUnaryOp::kReciprocal:
      return map(p, range, [](float x) { return 1.0F / x; });
    case DenseUnaryOp::kSin:
      return map(p, range, [](float x) { return std::sin(x); });
    case DenseUnaryOp::kCos:
      return map(p, range, [](float x) { return std::cos(x); });
    case DenseUnaryOp::kSoftplus:
      return map(p, range, softplus);
    case DenseUnaryOp::kElu:
      return map(p, range, [alpha](float x) { return x < 0.0F ? alpha * std::expm1(x) : x; });
    case DenseUnaryOp::kTruncate:
      return map(p, range, [](float x) { return std::trunc(x); });
    case DenseUnaryOp::kNot:
      return map(p, range, [](float x) { return x == 0.0F ? 1.0F : 0.0F; });
  }
}

void dense_reduce(const DenseReduceParams& p, int32_t part, int32_t parts) {
  if (p.kind == DenseReduceParams::Kind::kSoftmax) {
    return best_usable(softmax_variants())
        .run({.outer = p.outer, .axis = p.axis, .inner = p.inner, .x = p.x, .y = p.y}, part, parts);
  }
  const Range range = part_of(p.outer * p.inner, part, parts);
  for (int64_t column = range.begin; column < range.end;) {
    const int64_t o = column / p.inner;
    const int64_t n = column % p.inner;
    const int64_t columns = std::min({kColumns, p.inner - n, range.end - column});
    const float* x = p.x + o * p.axis * p.inner + n;
    float* y = p.y + o * p.inner + n;
    reduce_columns(p, x, y, columns);
    column += columns;
  }
}

void matmul(const MatmulParams& p, int32_t part, int32_t parts) {
  best_usable(matmul_variants()).run(p, part, parts);
}

void topk(const TopKParams& p, int32_t part, int32_t parts) {
  int32_t* order = p.scratch + p.n * part;
  const Range rows = part_of(p.rows, part, parts);
  for (int64_t row = rows.begin; row < rows.end; ++row) {
    const float* x = p.x + row * p.n;
    for (int64_t i = 0; i < p.n; ++i) order[i] = static_cast<int32_t>(i);
    const auto precedes = [x, &p](int32_t a, int32_t b) {
      const int64_t key_a = order_key(x[a]);
      const int64_t key_b = order_key(x[b]);
      if (key_a == key_b) return a < b;
      return p.largest ? key_a > key_b : key_a < key_b;
    };
    std::nth_element(order, order + p.k, order + p.n, precedes);
    std::sort(order, order + p.k, precedes);
    for (int64_t i = 0; i < p.k; ++i) {
      p.values[row * p.k + i] = x[order[i]];
      p.indices[row * p.k + i] = static_cast<float>(order[i]);
    }
  }
}

void dense_gather(const DenseGatherParams& p, int32_t part, int32_t parts) {
  const Range rows = part_of(p.outer * p.count, part, parts);
  for (int64_t row = rows.begin; row < rows.end; ++row) {
    const float* x = p.x + row / p.count * p.axis * p.inner;
    float* y = p.y + row * p.inner;
    if (p.elementwise) {
      const float* index = p.index + row * p.inner;
      for (int64_t n = 0; n < p.inner; ++n) y[n] = x[clamp_index(index[n], p.axis) * p.inner + n];
    } else {
      const int64_t i = clamp_index(p.index[row % p.count], p.axis);
      std::memcpy(y, x + i * p.inner, static_cast<size_t>(p.inner) * sizeof(float));
    }
  }
}

}  // namespace pawl::kernels
