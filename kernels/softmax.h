// Softmax along one axis of a dense float32 tensor seen as (outer, axis, inner).
//   y[o,i,n] = exp(x[o,i,n] - m) / sum_j exp(x[o,j,n] - m),   m = the largest x[o,j,n]
// y overlaps no input. A slice that holds a NaN or +inf, or nothing but -inf, becomes NaN; -inf
// beside numbers becomes 0.
// Threads  as conv.h: the outer * inner slices are split.
// Error    |y - ref| <= 2e-6 * (1 + (m - x) / 8) * ref + 1e-37; ref is cpu/softmax/scalar.cpp.
#pragma once

#include <cstdint>

namespace pawl::kernels {

struct SoftmaxParams {
  int64_t outer, axis, inner;
  const float* x;
  float* y;
};

}  // namespace pawl::kernels
