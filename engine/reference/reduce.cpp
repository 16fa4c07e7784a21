#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include "engine/reference/evaluation.h"

namespace pawl::engine::reference {
namespace {

// Strides into the output for a walk over the input: 0 along the dimensions that are reduced.
std::vector<int64_t> reduced_strides(const Evaluation& e) {
  Shape kept = e.in(0).shape();
  for (const int64_t axis : e.node.integers("axes")) kept[static_cast<size_t>(axis)] = 1;
  return broadcast_strides(kept, e.in(0).shape());
}

// `A` accumulates: double for float32, the integer type itself (wrapping) otherwise.
template <typename T, typename A>
void reduce_typed(const Evaluation& e) {
  const Op op = e.node.op;
  const auto x = e.in(0).as<T>();
  const auto y = e.out().as<T>();
  A initial = 0;
  if (op == Op::kReduceProd) initial = 1;
  if (op == Op::kReduceMax) initial = static_cast<A>(std::numeric_limits<T>::lowest());
  if (op == Op::kReduceMin) initial = static_cast<A>(std::numeric_limits<T>::max());
  if constexpr (std::is_same_v<T, float>) {
    if (op == Op::kReduceMax) initial = -std::numeric_limits<A>::infinity();
    if (op == Op::kReduceMin) initial = std::numeric_limits<A>::infinity();
  }
  std::vector<A> sums(y.size(), initial);
  Walk<1> walk(e.in(0).shape(), {reduced_strides(e)});
  for (const T element : x) {
    A& sum = sums[static_cast<size_t>(walk.offset())];
    const A value = static_cast<A>(element);
    if (op == Op::kReduceMax) {
      if (static_cast<T>(value) > static_cast<T>(sum) || value != value) sum = value;
    } else if (op == Op::kReduceMin) {
      if (static_cast<T>(value) < static_cast<T>(sum) || value != value) sum = value;
    } else if (op == Op::kReduceProd) {
      sum = static_cast<A>(sum * value);
    } else {
      sum = static_cast<A>(sum + value);
    }
    walk.next();
  }
  const double count = static_cast<double>(x.size()) / static_cast<double>(y.size());
  for (size_t i = 0; i < y.size(); ++i) {
    if constexpr (std::is_same_v<T, float>) {
      y[i] = static_cast<float>(op == Op::kReduceMean ? sums[i] / count : sums[i]);
    } else {
      y[i] = static_cast<T>(sums[i]);
    }
  }
}

}  // namespace

Status reduce(const Evaluation& e) {
  switch (e.in(0).dtype()) {
    case DType::kFloat32:
      reduce_typed<float, double>(e);
      break;
    case DType::kInt64:
      reduce_typed<int64_t, uint64_t>(e);
      break;
    default:
      reduce_typed<int32_t, uint32_t>(e);
      break;
  }
  return {};
}

// exp(x - max) / sum of the same, along one axis.
Status softmax(const Evaluation& e) {
  const Lanes lanes = lanes_of(e.in(0).shape(), e.node.integer("axis"));
  const auto x = e.x();
  const auto y = e.y();
  std::vector<double> exps(static_cast<size_t>(lanes.extent));
  for (int64_t outer = 0; outer < lanes.outer; ++outer) {
    for (int64_t inner = 0; inner < lanes.inner; ++inner) {
      const auto at = [&](size_t i) {
        return static_cast<size_t>((outer * lanes.extent + static_cast<int64_t>(i)) * lanes.inner +
                                   inner);
      };
      float most = -std::numeric_limits<float>::infinity();
      for (size_t i = 0; i < exps.size(); ++i) most = std::max(most, x[at(i)]);
      double sum = 0;
      for (size_t i = 0; i < exps.size(); ++i) {
        exps[i] = std::exp(static_cast<double>(x[at(i)]) - static_cast<double>(most));
        sum += exps[i];
      }
      for (size_t i = 0; i < exps.size(); ++i) y[at(i)] = static_cast<float>(exps[i] / sum);
    }
  }
  return {};
}

// (x - mean) / sqrt(variance + epsilon) * scale + bias over the dimensions from `axis` on.
Status layer_normalization(const Evaluation& e) {
  const int64_t inner = e.in(1).count();
  const double epsilon = static_cast<double>(e.node.real("epsilon"));
  const auto x = e.x();
  for (int64_t start = 0; start < e.in(0).count(); start += inner) {
    const auto row = x.subspan(static_cast<size_t>(start), static_cast<size_t>(inner));
    double mean = 0;
    for (const float value : row) mean += static_cast<double>(value);
    mean /= static_cast<double>(inner);
    double variance = 0;
    for (const float value : row) variance += std::pow(static_cast<double>(value) - mean, 2);
    variance /= static_cast<double>(inner);
    for (size_t i = 0; i < row.size(); ++i) {
      const double normal = (static_cast<double>(row[i]) - mean) / std::sqrt(variance + epsilon);
      const double bias = e.has(2) ? static_cast<double>(e.x(2)[i]) : 0.0;
      e.y()[static_cast<size_t>(start) + i] =
          static_cast<float>(normal * static_cast<double>(e.x(1)[i]) + bias);
    }
  }
  return {};
}

}  // namespace pawl::engine::reference
