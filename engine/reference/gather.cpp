// Data addressed by data: Gather, GatherElements, ArgMax, TopK.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/reference/evaluation.h"

namespace pawl::engine::reference {
namespace {

// ONNX indices count from the end if negative.
Result<int64_t> resolve(int64_t index, int64_t extent) {
  const int64_t resolved = index < 0 ? index + extent : index;
  if (resolved >= 0 && resolved < extent) return resolved;
  return refused("index " + std::to_string(index) + " is outside the extent " +
                 std::to_string(extent));
}

// A total order, which sorting needs: NaN above everything.
bool greater(float a, float b) {
  if (std::isnan(b)) return false;
  return std::isnan(a) || a > b;
}

template <typename T>
void arg_max_typed(const Evaluation& e) {
  const Lanes lanes = lanes_of(e.in(0).shape(), e.node.integer("axis"));
  const bool last = e.node.integer("select_last_index") != 0;
  const auto x = e.in(0).as<T>();
  const auto y = e.out().as<int64_t>();
  for (int64_t outer = 0; outer < lanes.outer; ++outer) {
    for (int64_t inner = 0; inner < lanes.inner; ++inner) {
      const auto at = [&](int64_t i) {
        return x[static_cast<size_t>((outer * lanes.extent + i) * lanes.inner + inner)];
      };
      int64_t best = 0;
      for (int64_t i = 1; i < lanes.extent; ++i) {
        if (at(i) > at(best) || (last && at(i) == at(best))) best = i;
      }
      y[static_cast<size_t>(outer * lanes.inner + inner)] = best;
    }
  }
}

}  // namespace

std::vector<int64_t> indices_of(const Tensor& tensor) {
  if (tensor.dtype() == DType::kInt64) {
    const auto values = tensor.as<int64_t>();
    return {values.begin(), values.end()};
  }
  const auto values = tensor.as<int32_t>();
  return {values.begin(), values.end()};
}

// y[outer, indices..., inner] = x[outer, index, inner].
Status gather(const Evaluation& e) {
  const Lanes lanes = lanes_of(e.in(0).shape(), e.node.integer("axis"));
  const std::vector<int64_t> indices = indices_of(e.in(1));
  int64_t at = 0;
  for (int64_t outer = 0; outer < lanes.outer; ++outer) {
    for (const int64_t index : indices) {
      const int64_t i = PAWL_TRY(resolve(index, lanes.extent));
      for (int64_t inner = 0; inner < lanes.inner; ++inner) {
        copy_element(&e.out(), at++, e.in(0), (outer * lanes.extent + i) * lanes.inner + inner);
      }
    }
  }
  return {};
}

// y[..., i, ...] = x[..., indices[..., i, ...], ...] along the axis.
Status gather_elements(const Evaluation& e) {
  const size_t axis = static_cast<size_t>(e.node.integer("axis"));
  const std::vector<int64_t> indices = indices_of(e.in(1));
  const std::vector<int64_t> strides = strides_of(e.in(0).shape());
  Walk<1> walk(e.out().shape(), {strides});
  const int64_t count = e.out().count();
  for (int64_t i = 0; i < count; ++i, walk.next()) {
    const int64_t index = PAWL_TRY(resolve(indices[static_cast<size_t>(i)], e.in(0).shape()[axis]));
    copy_element(&e.out(), i, e.in(0),
                 walk.offset() + (index - walk.index()[axis]) * strides[axis]);
  }
  return {};
}

// The first of equal maxima, or the last if so asked.
Status arg_max(const Evaluation& e) {
  switch (e.in(0).dtype()) {
    case DType::kFloat32:
      arg_max_typed<float>(e);
      break;
    case DType::kInt64:
      arg_max_typed<int64_t>(e);
      break;
    default:
      arg_max_typed<int32_t>(e);
      break;
  }
  return {};
}

// Equal elements come out in the order of their indices.
Status top_k(const Evaluation& e) {
  const Lanes lanes = lanes_of(e.in(0).shape(), e.node.integer("axis"));
  const int64_t k = e.node.integer("k");
  const bool largest = e.node.integer("largest") != 0;
  const auto x = e.x();
  const auto values = e.out(0).as<float>();
  const auto indices = e.out(1).as<int64_t>();
  std::vector<int64_t> order(static_cast<size_t>(lanes.extent));
  for (int64_t outer = 0; outer < lanes.outer; ++outer) {
    for (int64_t inner = 0; inner < lanes.inner; ++inner) {
      const auto at = [&](int64_t i) {
        return x[static_cast<size_t>((outer * lanes.extent + i) * lanes.inner + inner)];
      };
      std::iota(order.begin(), order.end(), int64_t{0});
      std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
        return largest ? greater(at(a), at(b)) : greater(at(b), at(a));
      });
      for (int64_t i = 0; i < k; ++i) {
        const size_t to = static_cast<size_t>((outer * k + i) * lanes.inner + inner);
        indices[to] = order[static_cast<size_t>(i)];
        values[to] = at(order[static_cast<size_t>(i)]);
      }
    }
  }
  return {};
}

}  // namespace pawl::engine::reference
