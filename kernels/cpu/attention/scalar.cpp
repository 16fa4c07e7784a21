// The specification of attention.h: double precision, scores of one query at a time.
#include <cmath>
#include <cstddef>

#include "kernels/cpu/attention/entries.h"

namespace pawl::kernels::cpu {
namespace {

// Writes exp(score - largest score) of every key into `weight`; returns their sum.
double weigh_keys(const AttentionParams& p, const float* q, int32_t head, float* weight) {
  const float* keys = p.x + p.k_offset + ptrdiff_t{head} * p.head_stride;
  double largest = -HUGE_VAL;
  for (int32_t j = 0; j < p.P; ++j) {
    const float* k = keys + ptrdiff_t{j} * p.x_pixel_stride;
    double dot = 0.0;
    for (int32_t d = 0; d < p.D; ++d) dot += double{q[d]} * double{k[d]};
    weight[j] = static_cast<float>(dot * double{p.scale});
    largest = std::fmax(largest, double{weight[j]});
  }
  double sum = 0.0;
  for (int32_t j = 0; j < p.P; ++j) {
    weight[j] = static_cast<float>(std::exp(double{weight[j]} - largest));
    sum += double{weight[j]};
  }
  return sum;
}

}  // namespace

void attention_scalar(const AttentionParams& p, int32_t part, int32_t parts) {
  float* weight = p.scratch + static_cast<size_t>(part) * attention_scratch_floats(p);
  const int64_t rows = int64_t{p.heads} * p.P;
  for (int64_t row = rows * part / parts; row < rows * (part + 1) / parts; ++row) {
    const auto head = static_cast<int32_t>(row / p.P);
    const int64_t i = row % p.P;
    const ptrdiff_t head_channel = ptrdiff_t{head} * p.head_stride;
    const float* q = p.x + i * p.x_pixel_stride + p.q_offset + head_channel;
    const float* values = p.x + p.v_offset + head_channel;
    float* y = p.y + i * p.y_pixel_stride + ptrdiff_t{head} * p.VD;
    const double sum = weigh_keys(p, q, head, weight);
    for (int32_t e = 0; e < p.VD; ++e) {
      double weighted = 0.0;
      for (int32_t j = 0; j < p.P; ++j) {
        weighted += double{weight[j]} * double{values[ptrdiff_t{j} * p.x_pixel_stride + e]};
      }
      y[e] = static_cast<float>(weighted / sum);
    }
  }
}

}  // namespace pawl::kernels::cpu
