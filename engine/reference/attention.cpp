#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/reference/evaluation.h"

namespace pawl::engine::reference {

Status attention(const Evaluation& e) {
  const Shape& xs = e.in(0).shape();
  const int64_t heads = e.node.integer("heads");
  const int64_t D = e.node.integer("key");
  const int64_t V = e.node.integer("value");
  const auto& first = e.node.integers("first");
  const auto& step = e.node.integers("step");
  const double scale = e.node.real("scale");
  const int64_t P = xs[2] * xs[3];
  const int64_t T = P / e.node.integer("areas");
  std::vector<double> weight(static_cast<size_t>(T));
  for (int64_t block = 0; block < xs[0] * heads; ++block) {
    const int64_t h = block % heads;
    const float* x = e.x().data() + block / heads * xs[1] * P;
    const float* q = x + (first[0] + h * step[0]) * P;  // (D, P)
    const float* k = x + (first[1] + h * step[1]) * P;  // (D, P)
    const float* v = x + (first[2] + h * step[2]) * P;  // (V, P)
    float* y = e.y().data() + block * V * P;
    for (int64_t i = 0; i < P; ++i) {
      const int64_t area = i / T * T;
      for (int64_t j = 0; j < T; ++j) {
        double score = 0.0;
        for (int64_t d = 0; d < D; ++d) score += double{q[d * P + i]} * k[d * P + area + j];
        weight[static_cast<size_t>(j)] = scale * score;
      }
      const double top = *std::max_element(weight.begin(), weight.end());
      double total = 0.0;
      for (double& w : weight) total += w = std::exp(w - top);
      for (int64_t c = 0; c < V; ++c) {
        double sum = 0.0;
        for (int64_t j = 0; j < T; ++j) sum += weight[static_cast<size_t>(j)] * v[c * P + area + j];
        y[c * P + i] = static_cast<float>(sum / total);
      }
    }
  }
  return {};
}

}  // namespace pawl::engine::reference
