// Matrix product, the specification: one output at a time, double accumulator.
#include "kernels/cpu/matmul/entries.h"

namespace pawl::kernels::cpu {

void matmul_scalar(const MatmulParams& p, int32_t part, int32_t parts) {
  const int64_t rows = p.batch * p.M;
  const int64_t row_end = rows * (part + 1) / parts;
  for (int64_t row = rows * part / parts; row < row_end; ++row) {
    const float* a = p.a + row / p.M * p.a_batch_stride + row % p.M * p.K;
    const float* b = p.b + row / p.M * p.b_batch_stride;
    for (int64_t n = 0; n < p.N; ++n) {
      double sum = 0.0;
      for (int64_t k = 0; k < p.K; ++k) {
        sum += static_cast<double>(a[k]) * static_cast<double>(b[k * p.N + n]);
      }
      p.y[row * p.N + n] = static_cast<float>(sum);
    }
  }
}

}  // namespace pawl::kernels::cpu
