// Softmax, the specification: one slice at a time, in double.
#include <cmath>
#include <cstddef>

#include "kernels/cpu/softmax/entries.h"

namespace pawl::kernels::cpu {

void softmax_scalar(const SoftmaxParams& p, int32_t part, int32_t parts) {
  const int64_t slices = p.outer * p.inner;
  const int64_t end = slices * (part + 1) / parts;
  for (int64_t slice = slices * part / parts; slice < end; ++slice) {
    const ptrdiff_t first = slice / p.inner * p.axis * p.inner + slice % p.inner;
    const float* x = p.x + first;
    float* y = p.y + first;
    double largest = -HUGE_VAL;
    for (int64_t i = 0; i < p.axis; ++i) {  // std::fmax here breaks GCC 12 for arm64
      if (double{x[i * p.inner]} > largest) largest = double{x[i * p.inner]};
    }
    double sum = 0.0;
    for (int64_t i = 0; i < p.axis; ++i) sum += std::exp(double{x[i * p.inner]} - largest);
    for (int64_t i = 0; i < p.axis; ++i) {
      y[i * p.inner] = static_cast<float>(std::exp(double{x[i * p.inner]} - largest) / sum);
    }
  }
}

}  // namespace pawl::kernels::cpu
