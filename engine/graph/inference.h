// Type and shape inference: what a node in canonical form (op.h) produces.
//
// This is the one guard in front of the reference executor and of everything that computes from a
// node: it refuses every attribute and every combination of shapes that the operator does not
// define (stride 0, a group that does not divide, an axis out of range), with a message that names
// the fault but not the node; the caller adds that. All arithmetic is bounded, whatever the file
// says.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/graph/graph.h"

namespace pawl::engine {

inline constexpr size_t kRankMax = 8;
inline constexpr int64_t kTensorBytesMax = int64_t{1} << 30;
inline constexpr int64_t kWindowMax = int64_t{1} << 20;  // kernel, stride, pad, dilation

struct ValueType {
  DType dtype = DType::kFloat32;
  Shape shape;
};

// Output types of `node`, whose inputs are values of `graph`; the outputs need not exist yet.
// Reshape, Expand, Slice and Resize have no attribute for their extents (op.h): `extents` states
// them and is checked. It is ignored for the other operators.
Result<std::vector<ValueType>> infer_types(const Graph& graph, const Node& node,
                                           const Shape* extents = nullptr);

// Numpy broadcasting of two shapes.
Result<Shape> broadcast_shapes(const Shape& a, const Shape& b);

// Error if the type exceeds kRankMax or kTensorBytesMax or has a negative extent.
Status check_type(const ValueType& type);

// Positions of a sliding window over one dimension of extent `in`.
struct Window {
  int64_t kernel;
  int64_t stride;
  int64_t dilation;
  int64_t pad_begin;
  int64_t pad_end;

  int64_t span() const { return (kernel - 1) * dilation + 1; }
};
Result<int64_t> window_positions(int64_t in, const Window& window);

}  // namespace pawl::engine
