// Matrix product: tiles of kRows x 2 vectors with their sums in registers, b read in place; include
// after lanes_<isa>.h.
#pragma once

#include "kernels/cpu/matmul/entries.h"

namespace pawl::kernels::cpu {
namespace {

constexpr int32_t kMatmulRows = 6;

// Columns n.. of kRows rows; the last vector has `last` lanes.
template <int32_t kRows, int32_t kVectors>
void matmul_tile(const MatmulParams& p, const float* a, const float* b, float* y, int32_t last) {
  Lanes sum[kRows][kVectors];
#pragma GCC unroll 8
  for (int32_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 2
    for (int32_t v = 0; v < kVectors; ++v) sum[r][v] = fill(0.0F);
  }
  for (int64_t k = 0; k < p.K; ++k, b += p.N) {
    Lanes x[kVectors];
#pragma GCC unroll 2
    for (int32_t v = 0; v < kVectors; ++v) {
      x[v] = v + 1 < kVectors || last == kLanes ? load(b + v * kLanes)
                                                : load_first(b + v * kLanes, last);
    }
#pragma GCC unroll 8
    for (int32_t r = 0; r < kRows; ++r) {
      const Lanes weight = fill(a[r * p.K + k]);
#pragma GCC unroll 2
      for (int32_t v = 0; v < kVectors; ++v) sum[r][v] = multiply_add(weight, x[v], sum[r][v]);
    }
  }
#pragma GCC unroll 8
  for (int32_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 2
    for (int32_t v = 0; v < kVectors; ++v) {
      float* out = y + r * p.N + v * kLanes;
      if (v + 1 < kVectors || last == kLanes) {
        store(out, sum[r][v]);
      } else {
        store_first(out, sum[r][v], last);
      }
    }
  }
}

template <int32_t kRows>
void matmul_rows(const MatmulParams& p, const float* a, const float* b, float* y) {
  int64_t n = 0;
  for (; n + 2 * kLanes <= p.N; n += 2 * kLanes) {
    matmul_tile<kRows, 2>(p, a, b + n, y + n, kLanes);
  }
  for (; n < p.N; n += kLanes) {
    const auto last = static_cast<int32_t>(p.N - n < kLanes ? p.N - n : kLanes);
    matmul_tile<kRows, 1>(p, a, b + n, y + n, last);
  }
}

void matmul_part(const MatmulParams& p, int32_t part, int32_t parts) {
  const int64_t rows = p.batch * p.M;
  const int64_t row_end = rows * (part + 1) / parts;
  for (int64_t row = rows * part / parts; row < row_end;) {
    const int64_t batch = row / p.M;
    const int64_t batch_end = (batch + 1) * p.M < row_end ? (batch + 1) * p.M : row_end;
    const float* a = p.a + batch * p.a_batch_stride + row % p.M * p.K;
    const float* b = p.b + batch * p.b_batch_stride;
    if (row + kMatmulRows <= batch_end) {
      matmul_rows<kMatmulRows>(p, a, b, p.y + row * p.N);
      row += kMatmulRows;
    } else {
      matmul_rows<1>(p, a, b, p.y + row * p.N);
      row += 1;
    }
  }
}

}  // namespace
}  // namespace pawl::kernels::cpu
