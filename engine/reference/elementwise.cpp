// Elementwise functions of two or three tensors, with broadcasting.
#include <algorithm>
#include <cmath>
#include <type_traits>

#include "engine/reference/evaluation.h"

namespace pawl::engine::reference {
namespace {

// y[i] = function(a[...], b[...]) over the broadcast shape.
template <typename T, typename Y, typename Function>
void for_each_pair(const Evaluation& e, std::span<Y> y, Function function) {
  const Shape& wide = e.out().shape();
  const auto a = e.in(0).as<T>();
  const auto b = e.in(1).as<T>();
  Walk<2> walk(
      wide, {broadcast_strides(e.in(0).shape(), wide), broadcast_strides(e.in(1).shape(), wide)});
  for (Y& value : y) {
    value =
        function(a[static_cast<size_t>(walk.offset(0))], b[static_cast<size_t>(walk.offset(1))]);
    walk.next();
  }
}

double modulo(double a, double b, bool truncated) {
  const double remainder = std::fmod(a, b);
  // The floor form takes the sign of the divisor.
  return !truncated && remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder;
}

double real_function(Op op, double a, double b, bool truncated) {
  switch (op) {
    case Op::kAdd:
      return a + b;
    case Op::kSub:
      return a - b;
    case Op::kMul:
      return a * b;
    case Op::kDiv:
      return a / b;
    case Op::kPow:
      return std::pow(a, b);
    case Op::kMod:
      return modulo(a, b, truncated);
    case Op::kMin:
      return std::isnan(a) || a < b ? a : b;
    default:
      PAWL_CHECK(op == Op::kMax);
      return std::isnan(a) || a > b ? a : b;
  }
}

// Integers wrap; division truncates; Mod takes the sign of the divisor unless truncated.
template <typename T>
T integer_function(Op op, T a, T b, bool truncated) {
  using U = std::make_unsigned_t<T>;
  const U ua = static_cast<U>(a), ub = static_cast<U>(b);
  switch (op) {
    case Op::kAdd:
      return static_cast<T>(ua + ub);
    case Op::kSub:
      return static_cast<T>(ua - ub);
    case Op::kMul:
      return static_cast<T>(ua * ub);
    case Op::kDiv:
      return b == -1 ? static_cast<T>(U{0} - ua) : a / b;
    case Op::kMod: {
      const T remainder = b == -1 ? T{0} : a % b;
      return !truncated && remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder;
    }
    case Op::kPow: {
      if (b < 0) return a == 1 ? 1 : a == -1 ? (b % 2 != 0 ? -1 : 1) : 0;
      U power = 1;
      U base = ua;
      for (U left = ub; left > 0; left >>= 1, base *= base) {
        if ((left & 1U) != 0) power *= base;
      }
      return static_cast<T>(power);
    }
    case Op::kMin:
      return std::min(a, b);
    default:
      PAWL_CHECK(op == Op::kMax);
      return std::max(a, b);
  }
}

template <typename T>
Status binary_integer(const Evaluation& e, bool truncated) {
  const Op op = e.node.op;
  if (op == Op::kDiv || op == Op::kMod) {
    const auto divisors = e.in(1).as<T>();
    if (std::find(divisors.begin(), divisors.end(), T{0}) != divisors.end()) {
      return refused("an integer is divided by zero");
    }
  }
  for_each_pair<T>(e, e.out().as<T>(),
                   [&](T a, T b) { return integer_function(op, a, b, truncated); });
  return {};
}

template <typename T>
void compare_typed(const Evaluation& e) {
  const Op op = e.node.op;
  for_each_pair<T>(e, e.out().as<uint8_t>(), [&](T a, T b) -> uint8_t {
    switch (op) {
      case Op::kEqual:
        return a == b;
      case Op::kLess:
        return a < b;
      case Op::kGreater:
        return a > b;
      case Op::kAnd:
        return a != T{0} && b != T{0};
      default:
        PAWL_CHECK(op == Op::kOr);
        return a != T{0} || b != T{0};
    }
  });
}

}  // namespace

Status binary(const Evaluation& e) {
  const bool truncated = e.node.op == Op::kMod && e.node.integer("fmod") != 0;
  if (e.in(0).dtype() == DType::kInt64) return binary_integer<int64_t>(e, truncated);
  if (e.in(0).dtype() == DType::kInt32) return binary_integer<int32_t>(e, truncated);
  const Op op = e.node.op;
  for_each_pair<float>(e, e.y(), [&](float a, float b) {
    return static_cast<float>(
        real_function(op, static_cast<double>(a), static_cast<double>(b), truncated));
  });
  return {};
}

Status compare(const Evaluation& e) {
  switch (e.in(0).dtype()) {
    case DType::kFloat32:
      compare_typed<float>(e);
      break;
    case DType::kInt64:
      compare_typed<int64_t>(e);
      break;
    case DType::kInt32:
      compare_typed<int32_t>(e);
      break;
    case DType::kUint8:
    case DType::kBool:
      compare_typed<uint8_t>(e);
      break;
    case DType::kInt8:
      compare_typed<int8_t>(e);
      break;
  }
  return {};
}

Status where(const Evaluation& e) {
  const Shape& wide = e.out().shape();
  const auto condition = e.in(0).as<uint8_t>();
  Walk<3> walk(wide,
               {broadcast_strides(e.in(0).shape(), wide), broadcast_strides(e.in(1).shape(), wide),
                broadcast_strides(e.in(2).shape(), wide)});
  const int64_t count = e.out().count();
  for (int64_t i = 0; i < count; ++i, walk.next()) {
    const size_t chosen = condition[static_cast<size_t>(walk.offset(0))] != 0 ? 1 : 2;
    copy_element(&e.out(), i, e.in(chosen), walk.offset(chosen));
  }
  return {};
}

}  // namespace pawl::engine::reference
