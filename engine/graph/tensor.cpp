#include "engine/graph/tensor.h"

#include <utility>

namespace pawl::engine {

size_t dtype_bytes(DType dtype) {
  switch (dtype) {
    case DType::kFloat32:
    case DType::kInt32:
      return 4;
    case DType::kInt64:
      return 8;
    case DType::kUint8:
    case DType::kInt8:
    case DType::kBool:
      return 1;
  }
  return 0;
}

const char* dtype_name(DType dtype) {
  switch (dtype) {
    case DType::kFloat32:
      return "float32";
    case DType::kInt64:
      return "int64";
    case DType::kInt32:
      return "int32";
    case DType::kUint8:
      return "uint8";
    case DType::kInt8:
      return "int8";
    case DType::kBool:
      return "bool";
  }
  return "unknown";
}

int64_t element_count(const Shape& shape) {
  int64_t count = 1;
  for (const int64_t extent : shape) {
    PAWL_DCHECK(extent >= 0);
    count *= extent;
  }
  return count;
}

bool checked_count(const Shape& shape, int64_t limit, int64_t* count) {
  // Extents beside a zero are bounded too: later arithmetic on them must not overflow.
  bool empty = false;
  int64_t product = 1;
  for (const int64_t extent : shape) {
    if (extent < 0 || extent > limit) return false;
    if (extent == 0) {
      empty = true;
    } else if (product > limit / extent) {
      return false;
    } else {
      product *= extent;
    }
  }
  *count = empty ? 0 : product;
  return true;
}

std::string to_string(const Shape& shape) {
  if (shape.empty()) return "scalar";
  std::string text;
  for (const int64_t extent : shape) {
    if (!text.empty()) text += 'x';
    text += std::to_string(extent);
  }
  return text;
}

Tensor::Tensor(DType dtype, Shape shape) : dtype_(dtype), shape_(std::move(shape)) {
  bytes_.resize(static_cast<size_t>(element_count(shape_)) * dtype_bytes(dtype_));
}

Tensor Tensor::reshaped(Shape shape) const {
  PAWL_CHECK(element_count(shape) == count());
  Tensor copy = *this;
  copy.shape_ = std::move(shape);
  return copy;
}

}  // namespace pawl::engine
