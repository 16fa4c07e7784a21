// Elementwise functions of one tensor.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <type_traits>

#include "engine/reference/evaluation.h"

namespace pawl::engine::reference {
namespace {

double sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}
double softplus(double x) {
  return std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x)));
}
double hard_sigmoid(double x, double alpha, double beta) {
  return std::clamp(alpha * x + beta, 0.0, 1.0);
}

// Gelu's tanh form is marked by beta = 1.
double gelu(double x, bool by_tanh) {
  if (by_tanh) {
    const double inner = std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x);
    return 0.5 * x * (1 + std::tanh(inner));
  }
  return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
}

// Wraps at the most negative integer, as the machine does.
template <typename T>
T negate(T x) {
  using U = std::make_unsigned_t<T>;
  return static_cast<T>(U{0} - static_cast<U>(x));
}

template <typename T>
void unary_integer(const Evaluation& e) {
  const auto x = e.in(0).as<T>();
  const auto y = e.out().as<T>();
  for (size_t i = 0; i < x.size(); ++i) {
    switch (e.node.op) {
      case Op::kNeg:
        y[i] = negate(x[i]);
        break;
      case Op::kAbs:
        y[i] = x[i] < 0 ? negate(x[i]) : x[i];
        break;
      case Op::kRelu:
        y[i] = std::max<T>(x[i], 0);
        break;
      default:
        y[i] = x[i];
        break;
    }
  }
}

// C++ leaves the conversion of what does not fit undefined: saturate, and NaN becomes 0.
template <typename To, typename From>
To converted(From from) {
  if constexpr (std::is_same_v<From, float> && std::is_integral_v<To>) {
    if (std::isnan(from)) return 0;
    if (from >= static_cast<float>(std::numeric_limits<To>::max())) {
      return std::numeric_limits<To>::max();
    }
    if (from <= static_cast<float>(std::numeric_limits<To>::min())) {
      return std::numeric_limits<To>::min();
    }
  }
  return static_cast<To>(from);
}

template <typename From>
void cast_from(const Evaluation& e) {
  const auto x = e.in(0).as<From>();
  const auto fill = [&](auto y, auto convert) {
    for (size_t i = 0; i < x.size(); ++i) y[i] = convert(x[i]);
  };
  switch (e.out().dtype()) {
    case DType::kFloat32:
      return fill(e.y(), converted<float, From>);
    case DType::kInt64:
      return fill(e.out().as<int64_t>(), converted<int64_t, From>);
    case DType::kInt32:
      return fill(e.out().as<int32_t>(), converted<int32_t, From>);
    case DType::kUint8:
      return fill(e.out().as<uint8_t>(), converted<uint8_t, From>);
    case DType::kInt8:
      return fill(e.out().as<int8_t>(), converted<int8_t, From>);
    case DType::kBool:
      return fill(e.out().as<uint8_t>(),
                  [](From from) { return static_cast<uint8_t>(from != From{0}); });
  }
}

}  // namespace

double Activation::operator()(double x) const {
  switch (op) {
    case Op::kRelu:
      return x < 0 ? 0 : x;
    case Op::kLeakyRelu:
      return x < 0 ? alpha * x : x;
    case Op::kSigmoid:
      return sigmoid(x);
    case Op::kHardSigmoid:
      return hard_sigmoid(x, alpha, beta);
    case Op::kHardSwish:
      return x * hard_sigmoid(x, 1.0 / 6, 0.5);
    case Op::kSilu:
      return x * sigmoid(x);
    case Op::kTanh:
      return std::tanh(x);
    case Op::kSoftplus:
      return softplus(x);
    case Op::kMish:
      return x * std::tanh(softplus(x));
    case Op::kElu:
      return x < 0 ? alpha * std::expm1(x) : x;
    case Op::kGelu:
      return gelu(x, beta != 0);
    case Op::kClip:  // of Conv's `activation`; alpha and beta are the bounds
      return std::min(std::max(x, alpha), beta);
    case Op::kExp:
      return std::exp(x);
    case Op::kLog:
      return std::log(x);
    case Op::kSqrt:
      return std::sqrt(x);
    case Op::kErf:
      return std::erf(x);
    case Op::kNeg:
      return -x;
    case Op::kAbs:
      return std::fabs(x);
    case Op::kFloor:
      return std::floor(x);
    case Op::kCeil:
      return std::ceil(x);
    case Op::kReciprocal:
      return 1 / x;
    case Op::kSin:
      return std::sin(x);
    case Op::kCos:
      return std::cos(x);
    default:
      PAWL_CHECK(op == Op::kIdentity);
      return x;
  }
}

Status unary(const Evaluation& e) {
  if (e.in(0).dtype() == DType::kInt64) {
    unary_integer<int64_t>(e);
  } else if (e.in(0).dtype() == DType::kInt32) {
    unary_integer<int32_t>(e);
  } else if (e.node.op == Op::kIdentity) {
    e.out() = e.in(0);
  } else {
    Activation function{e.node.op, 0, 0};
    if (e.node.has("alpha")) function.alpha = static_cast<double>(e.node.real("alpha"));
    if (e.node.has("beta")) function.beta = static_cast<double>(e.node.real("beta"));
    if (e.node.op == Op::kGelu && e.node.text("approximate") == "tanh") function.beta = 1;
    const auto x = e.x();
    for (size_t i = 0; i < x.size(); ++i) {
      e.y()[i] = static_cast<float>(function(static_cast<double>(x[i])));
    }
  }
  return {};
}

// min(max(x, low), high): high wins if the bounds cross; NaN passes.
Status clip(const Evaluation& e) {
  const float low = e.node.real("min");
  const float high = e.node.real("max");
  const auto x = e.x();
  for (size_t i = 0; i < x.size(); ++i) {
    const float raised = x[i] < low ? low : x[i];
    e.y()[i] = raised > high ? high : raised;
  }
  return {};
}

Status logical_not(const Evaluation& e) {
  const auto x = e.in(0).as<uint8_t>();
  for (size_t i = 0; i < x.size(); ++i) e.out().as<uint8_t>()[i] = x[i] == 0 ? 1 : 0;
  return {};
}

Status cast(const Evaluation& e) {
  switch (e.in(0).dtype()) {
    case DType::kFloat32:
      cast_from<float>(e);
      break;
    case DType::kInt64:
      cast_from<int64_t>(e);
      break;
    case DType::kInt32:
      cast_from<int32_t>(e);
      break;
    case DType::kUint8:
    case DType::kBool:
      cast_from<uint8_t>(e);
      break;
    case DType::kInt8:
      cast_from<int8_t>(e);
      break;
  }
  return {};
}

}  // namespace pawl::engine::reference
