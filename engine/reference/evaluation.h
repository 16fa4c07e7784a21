// Private to engine/reference: one node being evaluated, and the evaluators by family.
#pragma once

#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/graph/graph.h"

namespace pawl::engine::reference {

// Types and shapes were accepted by infer_types(); `outputs` are allocated and zero.
struct Evaluation {
  const Node& node;
  std::span<const Tensor* const> inputs;
  std::span<Tensor> outputs;

  bool has(size_t index) const { return index < inputs.size() && inputs[index] != nullptr; }
  const Tensor& in(size_t index) const { return *inputs[index]; }
  Tensor& out(size_t index = 0) const { return outputs[index]; }
  std::span<const float> x(size_t index = 0) const { return in(index).as<float>(); }
  std::span<float> y() const { return out().as<float>(); }
};

using Evaluate = Status (*)(const Evaluation&);

// One contiguous dimension inside a row-major tensor: [outer][extent][inner].
struct Lanes {
  int64_t outer = 1;
  int64_t extent = 1;
  int64_t inner = 1;
};
inline Lanes lanes_of(const Shape& shape, int64_t axis) {
  Lanes lanes;
  for (size_t d = 0; d < shape.size(); ++d) {
    const int64_t at = static_cast<int64_t>(d);
    (at < axis ? lanes.outer : at == axis ? lanes.extent : lanes.inner) *= shape[d];
  }
  return lanes;
}

// Elements between neighbours along each dimension.
inline std::vector<int64_t> strides_of(const Shape& shape) {
  std::vector<int64_t> strides(shape.size(), 1);
  for (size_t d = shape.size(); d-- > 1;) strides[d - 1] = strides[d] * shape[d];
  return strides;
}

// Strides with which a tensor of `shape` is read as if it were broadcast to `wide`.
inline std::vector<int64_t> broadcast_strides(const Shape& shape, const Shape& wide) {
  const std::vector<int64_t> own = strides_of(shape);
  std::vector<int64_t> strides(wide.size(), 0);
  const size_t skipped = wide.size() - shape.size();
  for (size_t d = 0; d < shape.size(); ++d) {
    if (shape[d] != 1) strides[skipped + d] = own[d];
  }
  return strides;
}

// Walks a shape in row-major order and follows N strided offsets into other tensors.
template <size_t N>
class Walk {
 public:
  Walk(const Shape& shape, const std::vector<int64_t> (&strides)[N]) : shape_(shape) {
    for (size_t i = 0; i < N; ++i) strides_[i] = strides[i];
    index_.assign(shape.size(), 0);
  }
  int64_t offset(size_t i = 0) const { return offsets_[i]; }
  void start_at(int64_t offset) { offsets_[0] = offset; }
  const std::vector<int64_t>& index() const { return index_; }
  void next() {
    for (size_t d = shape_.size(); d-- > 0;) {
      for (size_t i = 0; i < N; ++i) offsets_[i] += strides_[i][d];
      if (++index_[d] < shape_[d]) return;
      for (size_t i = 0; i < N; ++i) offsets_[i] -= strides_[i][d] * shape_[d];
      index_[d] = 0;
    }
  }

 private:
  Shape shape_;
  std::vector<int64_t> index_;
  std::vector<int64_t> strides_[N];
  int64_t offsets_[N] = {};
};

inline void copy_element(Tensor* to, int64_t to_index, const Tensor& from, int64_t from_index) {
  const size_t bytes = dtype_bytes(from.dtype());
  std::memcpy(to->bytes().data() + static_cast<size_t>(to_index) * bytes,
              from.bytes().data() + static_cast<size_t>(from_index) * bytes, bytes);
}

inline Error refused(std::string message) {
  return {Code::kInvalidArgument, std::move(message)};
}

// Elements of an int64 or int32 tensor.
std::vector<int64_t> indices_of(const Tensor& tensor);

// The unary functions by operator; parameters from the node. Also serves Conv's `activation`.
struct Activation {
  Op op = Op::kIdentity;
  double alpha = 0;
  double beta = 0;
  double operator()(double x) const;
};

Status conv(const Evaluation&);
Status conv_transpose(const Evaluation&);
Status batch_normalization(const Evaluation&);
Status max_pool(const Evaluation&);
Status average_pool(const Evaluation&);
Status resize(const Evaluation&);
Status concat(const Evaluation&);
Status split(const Evaluation&);
Status slice(const Evaluation&);
Status reshape(const Evaluation&);
Status transpose(const Evaluation&);
Status expand(const Evaluation&);
Status tile(const Evaluation&);
Status pad(const Evaluation&);
Status depth_to_space(const Evaluation&);
Status space_to_depth(const Evaluation&);
Status focus(const Evaluation&);
Status attention(const Evaluation&);
Status gather(const Evaluation&);
Status gather_elements(const Evaluation&);
Status arg_max(const Evaluation&);
Status top_k(const Evaluation&);
Status unary(const Evaluation&);
Status clip(const Evaluation&);
Status logical_not(const Evaluation&);
Status cast(const Evaluation&);
Status binary(const Evaluation&);
Status compare(const Evaluation&);
Status where(const Evaluation&);
Status softmax(const Evaluation&);
Status reduce(const Evaluation&);
Status layer_normalization(const Evaluation&);
Status matmul(const Evaluation&);

}  // namespace pawl::engine::reference
