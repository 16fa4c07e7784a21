// A constant tensor: dtype, shape and bytes, contiguous, row-major (last dimension fastest).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "platform/check.h"

namespace pawl::engine {

using Shape = std::vector<int64_t>;  // outermost dimension first; {} is a scalar

// FP16 initialisers become kFloat32 at import; nothing downstream sees half precision.
enum class DType : uint8_t { kFloat32, kInt64, kInt32, kUint8, kInt8, kBool };

size_t dtype_bytes(DType dtype);
const char* dtype_name(DType dtype);

// Product of the dimensions. Requires every dimension >= 0 and no overflow (see checked_count).
int64_t element_count(const Shape& shape);

// False if a dimension is negative or the product exceeds `limit`: for shapes read from a file.
bool checked_count(const Shape& shape, int64_t limit, int64_t* count);

std::string to_string(const Shape& shape);  // "1x3x640x640"; "scalar"

template <typename T>
constexpr DType dtype_of();
template <>
constexpr DType dtype_of<float>() {
  return DType::kFloat32;
}
template <>
constexpr DType dtype_of<int64_t>() {
  return DType::kInt64;
}
template <>
constexpr DType dtype_of<int32_t>() {
  return DType::kInt32;
}
template <>
constexpr DType dtype_of<uint8_t>() {
  return DType::kUint8;
}
template <>
constexpr DType dtype_of<int8_t>() {
  return DType::kInt8;
}

class Tensor {
 public:
  Tensor() = default;
  Tensor(DType dtype, Shape shape);  // zero-filled

  template <typename T>
  static Tensor of(Shape shape, std::span<const T> values) {
    Tensor tensor(dtype_of<T>(), std::move(shape));
    PAWL_CHECK(tensor.count() == static_cast<int64_t>(values.size()));
    if (!values.empty()) std::memcpy(tensor.bytes_.data(), values.data(), values.size_bytes());
    return tensor;
  }

  DType dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  int64_t count() const { return element_count(shape_); }
  std::span<const std::byte> bytes() const { return bytes_; }
  std::span<std::byte> bytes() { return bytes_; }

  // kBool is stored as one byte, 0 or 1, and is read as uint8_t.
  template <typename T>
  std::span<const T> as() const {
    PAWL_CHECK(dtype_of<T>() == dtype_ || (dtype_ == DType::kBool && sizeof(T) == 1));
    return {reinterpret_cast<const T*>(bytes_.data()), bytes_.size() / sizeof(T)};
  }
  template <typename T>
  std::span<T> as() {
    PAWL_CHECK(dtype_of<T>() == dtype_ || (dtype_ == DType::kBool && sizeof(T) == 1));
    return {reinterpret_cast<T*>(bytes_.data()), bytes_.size() / sizeof(T)};
  }

  // The same bytes under another shape of equal element count.
  Tensor reshaped(Shape shape) const;

 private:
  DType dtype_ = DType::kFloat32;
  Shape shape_;
  std::vector<std::byte> bytes_;
};

}  // namespace pawl::engine
