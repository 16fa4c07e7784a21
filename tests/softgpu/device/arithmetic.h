// Arithmetic on every element type: integers wrap, halves are computed in double and rounded once.
#pragma once

#include <bit>
#include <cfenv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

#include "tests/softgpu/device/float16.h"

namespace pawl::softgpu {

struct Half {
  uint16_t bits;
};
struct HalfPair {
  uint32_t bits;
};

inline double value_of(Half h) {
  return static_cast<double>(half_to_float(h.bits));
}
inline Half half_of(double value) {
  return {double_to_half(value)};
}
inline Half low(HalfPair p) {
  return {static_cast<uint16_t>(p.bits)};
}
inline Half high(HalfPair p) {
  return {static_cast<uint16_t>(p.bits >> 16)};
}
inline HalfPair pair(Half l, Half h) {
  return {static_cast<uint32_t>(l.bits | h.bits << 16)};
}

template <typename T>
inline constexpr bool kIsHalf = std::is_same_v<T, Half>;
template <typename T>
inline constexpr bool kIsPair = std::is_same_v<T, HalfPair>;

// IEEE minimum and maximum as PTX has them: a number wins over a NaN, -0 is less than +0.
template <typename T>
T lesser(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (a == b) return std::signbit(a) ? a : b;
    return a < b || b != b ? a : b;
  } else {
    return a < b ? a : b;
  }
}
template <typename T>
T greater(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (a == b) return std::signbit(a) ? b : a;
    return a > b || b != b ? a : b;
  } else {
    return a > b ? a : b;
  }
}

// The operations. Each is a class without state, called with operands of one type; the macro below
// lifts what is written for numbers to halves and pairs of halves.
template <typename T>
using Wrapping = std::conditional_t<std::is_integral_v<T>, uint64_t, T>;

template <typename F, typename T, typename... Rest>
T lifted(T a, Rest... rest) {
  if constexpr (kIsPair<T>) {
    return pair(lifted<F>(low(a), low(rest)...), lifted<F>(high(a), high(rest)...));
  } else if constexpr (kIsHalf<T>) {
    return half_of(F::number(value_of(a), value_of(rest)...));
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(F::number(a, rest...));
  } else {
    return F::number(a, rest...);
  }
}

template <typename F>
struct Lift {
  template <typename T, typename... Rest>
  T operator()(T a, Rest... rest) const {
    return lifted<F>(a, rest...);
  }
};

struct Add : Lift<Add> {
  template <typename T>
  static auto number(T a, T b) {
    return static_cast<Wrapping<T>>(a) + static_cast<Wrapping<T>>(b);
  }
};
struct Subtract : Lift<Subtract> {
  template <typename T>
  static auto number(T a, T b) {
    return static_cast<Wrapping<T>>(a) - static_cast<Wrapping<T>>(b);
  }
};
struct Multiply : Lift<Multiply> {
  template <typename T>
  static auto number(T a, T b) {
    return static_cast<Wrapping<T>>(a) * static_cast<Wrapping<T>>(b);
  }
};
// Halves arrive as doubles: their product is exact, the sum keeps a sticky bit.
struct MultiplyAdd : Lift<MultiplyAdd> {
  template <typename T>
  static auto number(T a, T b, T c) {
    return static_cast<Wrapping<T>>(a) * static_cast<Wrapping<T>>(b) + static_cast<Wrapping<T>>(c);
  }
  static float number(float a, float b, float c) { return fma_float(a, b, c); }
  static double number(double a, double b, double c) { return std::fma(a, b, c); }
};
// For halves in double.
struct HalfMultiplyAdd : Lift<HalfMultiplyAdd> {
  static double number(double a, double b, double c) { return add_to_odd(a * b, c); }
};
struct Negate : Lift<Negate> {
  template <typename T>
  static auto number(T a) {
    if constexpr (std::is_integral_v<T>) {
      return 0 - static_cast<uint64_t>(a);
    } else {
      return -a;
    }
  }
};
struct Absolute : Lift<Absolute> {
  template <typename T>
  static auto number(T a) {
    if constexpr (std::is_integral_v<T>) {
      return a < 0 ? 0 - static_cast<uint64_t>(a) : static_cast<uint64_t>(a);
    } else {
      return std::fabs(a);
    }
  }
};
struct Minimum : Lift<Minimum> {
  template <typename T>
  static T number(T a, T b) {
    return lesser(a, b);
  }
};
struct Maximum : Lift<Maximum> {
  template <typename T>
  static T number(T a, T b) {
    return greater(a, b);
  }
};
struct MinimumOrNan : Lift<MinimumOrNan> {
  template <typename T>
  static T number(T a, T b) {
    return a != a ? a : (b != b ? b : lesser(a, b));
  }
};
struct MaximumOrNan : Lift<MaximumOrNan> {
  template <typename T>
  static T number(T a, T b) {
    return a != a ? a : (b != b ? b : greater(a, b));
  }
};
// By zero PTX leaves open; all bits set, as hardware has it.
struct Divide : Lift<Divide> {
  template <typename T>
  static T number(T a, T b) {
    if constexpr (std::is_integral_v<T>) {
      if (b == 0) return static_cast<T>(-1);
      if (std::is_signed_v<T> && b == static_cast<T>(-1)) return static_cast<T>(Negate::number(a));
    }
    return static_cast<T>(a / b);
  }
};
struct Remainder {
  template <typename T>
  T operator()(T a, T b) const {
    if (b == 0) return a;
    if (std::is_signed_v<T> && b == static_cast<T>(-1)) return 0;
    return static_cast<T>(a % b);
  }
};

inline float flush(float x) {
  return std::fabs(x) < std::numeric_limits<float>::min() ? std::copysign(0.0F, x) : x;
}
// .ftz: subnormal operands and results are zeros of their sign. Halves do not know it in PTX's f32
// sense; their subnormals are flushed by the same word.
template <typename F>
struct Flushing {
  template <typename... T>
  float operator()(T... x) const {
    return flush(F()(flush(x)...));
  }
};
// .rz, .rm, .rp: towards zero, down, up. Volatile, so that the operation stays between the two
// changes of the host's mode.
template <typename F, int kMode>
struct Rounded {
  template <typename... T>
  float operator()(T... x) const {
    return apply({x...}, std::make_index_sequence<sizeof...(T)>());
  }

 private:
  template <size_t... kIndex>
  static float apply(const float (&x)[sizeof...(kIndex)], std::index_sequence<kIndex...>) {
    const volatile float held[] = {x[kIndex]...};
    std::fesetround(kMode);
    volatile float result = F()(static_cast<float>(held[kIndex])...);
    std::fesetround(FE_TONEAREST);
    return result;
  }
};
struct FusedMultiplyAdd {  // by the host's mode
  float operator()(float a, float b, float c) const { return std::fma(a, b, c); }
};
// .sat: to [0, 1], NaN to 0.
template <typename F>
struct Saturating {
  template <typename... T>
  float operator()(T... x) const {
    const float y = F()(x...);
    return y > 0.0F ? (y < 1.0F ? y : 1.0F) : 0.0F;
  }
};

}  // namespace pawl::softgpu
