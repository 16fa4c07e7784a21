#include <algorithm>

#include "engine/reference/evaluation.h"

namespace pawl::engine::reference {

// y[..., m, n] = sum_k a[..., m, k] * b[..., k, n]; the leading dimensions broadcast.
Status matmul(const Evaluation& e) {
  const Shape& as = e.in(0).shape();
  const Shape& bs = e.in(1).shape();
  const Shape& ys = e.out().shape();
  const int64_t M = ys[ys.size() - 2], N = ys.back(), K = as.back();
  const Shape batch(ys.begin(), ys.end() - 2);
  Walk<2> walk(batch, {broadcast_strides(Shape(as.begin(), as.end() - 2), batch),
                       broadcast_strides(Shape(bs.begin(), bs.end() - 2), batch)});
  std::vector<double> row(static_cast<size_t>(N));
  float* y = e.y().data();
  for (int64_t matrix = 0; matrix < element_count(batch); ++matrix, walk.next()) {
    const float* a = e.x(0).data() + walk.offset(0) * M * K;
    const float* b = e.x(1).data() + walk.offset(1) * K * N;
    for (int64_t m = 0; m < M; ++m) {
      std::fill(row.begin(), row.end(), 0.0);
      for (int64_t k = 0; k < K; ++k) {
        const double factor = static_cast<double>(a[m * K + k]);
        for (int64_t n = 0; n < N; ++n) {
          row[static_cast<size_t>(n)] += factor * static_cast<double>(b[k * N + n]);
        }
      }
      for (const double sum : row) *y++ = static_cast<float>(sum);
    }
  }
  return {};
}

}  // namespace pawl::engine::reference
