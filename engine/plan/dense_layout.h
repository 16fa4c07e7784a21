// Extents and strides of dense row-major tensors, as steps want them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <vector>

#include "engine/artifact/step.h"
#include "engine/graph/graph.h"

namespace pawl::engine {

inline constexpr size_t kCopyRank = std::size(CopyFields{}.extent);

inline std::vector<int64_t> dense_strides(const Shape& shape) {
  std::vector<int64_t> strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  return strides;
}

// Right-aligned into the dimensions of a copy; missing ones are 1 (extent) or 0 (stride).
inline void place_extents(const Shape& shape, CopyFields* fields) {
  std::fill(std::begin(fields->extent), std::end(fields->extent), 1);
  std::copy(shape.begin(), shape.end(), fields->extent + (kCopyRank - shape.size()));
}

inline void place_strides(const std::vector<int64_t>& strides, int64_t (&out)[kCopyRank]) {
  std::fill(std::begin(out), std::end(out), 0);
  std::copy(strides.begin(), strides.end(), out + (kCopyRank - strides.size()));
}

struct OuterAxisInner {
  int64_t outer = 1, axis = 1, inner = 1;
};

// Axes [first, last] as the middle extent.
inline OuterAxisInner split_at(const Shape& shape, size_t first, size_t last) {
  OuterAxisInner parts;
  for (size_t i = 0; i < shape.size(); ++i) {
    (i < first ? parts.outer : i <= last ? parts.axis : parts.inner) *= shape[i];
  }
  return parts;
}

}  // namespace pawl::engine
