// Private to engine/graph: the inference rules, one a family, behind the table of inference.cpp.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/graph/inference.h"

namespace pawl::engine::inference {

struct Subject {
  const Graph& graph;
  const Node& node;
  const Shape* extents;

  bool has(size_t index) const {
    return index < node.inputs.size() && node.inputs[index] != kNoValue;
  }
  const Shape& shape(size_t index) const { return graph.value(node.inputs[index]).shape; }
  DType dtype(size_t index) const { return graph.value(node.inputs[index]).dtype; }
  int64_t rank(size_t index) const { return static_cast<int64_t>(shape(index).size()); }
};

using Types = Result<std::vector<ValueType>>;

inline Error refused(std::string message) {
  return {Code::kCorrupt, std::move(message)};
}
Status require_dtype(const Subject& subject, size_t index, DType dtype);
Status require_axis(int64_t axis, int64_t rank);  // 0 <= axis < rank
Status require_not_empty(const Subject& subject, size_t index);

// Sliding windows and resampling (inference_window.cpp).
Types conv(const Subject& subject);
Types conv_transpose(const Subject& subject);
Types batch_normalization(const Subject& subject);
Types pool(const Subject& subject);
Types resize(const Subject& subject);
Types focus(const Subject& subject);
Types attention(const Subject& subject);

// Data movement (inference_movement.cpp).
Types concat(const Subject& subject);
Types split(const Subject& subject);
Types slice(const Subject& subject);
Types reshape(const Subject& subject);
Types transpose(const Subject& subject);
Types expand(const Subject& subject);
Types tile(const Subject& subject);
Types pad(const Subject& subject);
Types gather(const Subject& subject);
Types gather_elements(const Subject& subject);
Types depth_to_space(const Subject& subject);
Types space_to_depth(const Subject& subject);

}  // namespace pawl::engine::inference
