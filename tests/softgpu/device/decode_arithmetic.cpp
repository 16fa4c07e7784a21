// add sub mul mad fma div rem abs neg min max, on integers, float, double, f16 and f16x2.
#include "tests/softgpu/device/arithmetic.h"
#include "tests/softgpu/device/decoder.h"
#include "tests/softgpu/device/lanes.h"

namespace pawl::softgpu {
namespace {

template <typename F, int kArity, typename T>
constexpr Execute map_same() {
  if constexpr (kArity == 1) return map1<F, T, T>;
  if constexpr (kArity == 2) return map2<F, T, T, T>;
  if constexpr (kArity == 3) return map3<F, T, T, T, T>;
}

template <typename F, int kArity>
Execute for_integer(Type type) {
  switch (type) {
    case Type::kU16:
      return map_same<F, kArity, uint16_t>();
    case Type::kS16:
      return map_same<F, kArity, int16_t>();
    case Type::kU32:
      return map_same<F, kArity, uint32_t>();
    case Type::kS32:
      return map_same<F, kArity, int32_t>();
    case Type::kU64:
      return map_same<F, kArity, uint64_t>();
    case Type::kS64:
      return map_same<F, kArity, int64_t>();
    default:
      return nullptr;
  }
}

template <typename F, int kArity>
Execute for_float(Decoder& d) {
  const bool ftz = d.take("ftz"), sat = d.take("sat");
  if (ftz && sat) return map_same<Saturating<Flushing<F>>, kArity, float>();
  if (ftz) return map_same<Flushing<F>, kArity, float>();
  if (sat) return map_same<Saturating<F>, kArity, float>();
  return map_same<F, kArity, float>();
}

// `H` is F for halves.
template <typename F, int kArity, typename H = F>
Execute for_real(Decoder& d, Type type) {
  switch (type) {
    case Type::kF16:
      return map_same<H, kArity, Half>();
    case Type::kF16x2:
      return map_same<H, kArity, HalfPair>();
    case Type::kF32:
      return for_float<F, kArity>(d);
    case Type::kF64:
      return map_same<F, kArity, double>();
    default:
      return nullptr;
  }
}

Class class_of(Type type) {
  switch (type) {
    case Type::kF16:
    case Type::kF16x2:
      return Class::kHalf;
    case Type::kF32:
    case Type::kF64:
      return Class::kFloat;
    default:
      return Class::kInteger;
  }
}

void finish(Decoder& d, Type type, Execute execute, size_t arity) {
  if (execute == nullptr) d.fail("unsupported type");
  d.out().execute = execute;
  d.out().kind = class_of(type);
  d.result(0);
  for (size_t i = 1; i <= arity; ++i) d.source(i, type);
  if (d.operands() != arity + 1) d.fail("wrong number of operands");
}

template <typename F, int kArity, typename H = F>
void any_type(Decoder& d) {
  d.take("rn");
  const Type type = d.take_type();
  Execute execute = for_integer<F, kArity>(type);
  if (execute == nullptr) execute = for_real<F, kArity, H>(d, type);
  finish(d, type, execute, kArity);
}

template <typename F, typename WithNan>
void extreme(Decoder& d) {
  if (!d.take("NaN")) return any_type<F, 2>(d);
  const Type type = d.take_type();
  finish(d, type, for_real<WithNan, 2>(d, type), 2);
}

// The upper half of the double-width product.
struct MultiplyHigh {
  template <typename T>
  T operator()(T a, T b) const {
    __extension__ using Wide = std::conditional_t<std::is_signed_v<T>, __int128, unsigned __int128>;
    return static_cast<T>((static_cast<Wide>(a) * static_cast<Wide>(b)) >> (8 * sizeof(T)));
  }
};
struct MultiplyAddHigh {
  template <typename T>
  T operator()(T a, T b, T c) const {
    return Add()(MultiplyHigh()(a, b), c);
  }
};
template <typename W>
struct MultiplyWide {
  template <typename T>
  W operator()(T a, T b) const {
    return Multiply()(static_cast<W>(a), static_cast<W>(b));
  }
};
template <typename W>
struct MultiplyAddWide {
  template <typename T>
  W operator()(T a, T b, W c) const {
    return MultiplyAdd()(static_cast<W>(a), static_cast<W>(b), c);
  }
};

template <typename T, typename W>
Execute wide(bool add) {
  return add ? map3<MultiplyAddWide<W>, W, T, T, W> : map2<MultiplyWide<W>, W, T, T>;
}

void multiply_wide(Decoder& d, bool add) {
  const Type type = d.take_type();
  Type sum = Type::kU64;
  switch (type) {
    case Type::kU16:
      d.out().execute = wide<uint16_t, uint32_t>(add);
      sum = Type::kU32;
      break;
    case Type::kS16:
      d.out().execute = wide<int16_t, int32_t>(add);
      sum = Type::kS32;
      break;
    case Type::kU32:
      d.out().execute = wide<uint32_t, uint64_t>(add);
      break;
    case Type::kS32:
      d.out().execute = wide<int32_t, int64_t>(add);
      break;
    default:
      d.fail("unsupported type");
  }
  d.out().kind = Class::kInteger;
  d.result(0);
  if (add) {
    d.sources({type, type, sum});
  } else {
    d.sources({type, type});
  }
}

// A float operation in another rounding mode than to the nearest; null without such a word.
template <typename F, int kArity>
Execute in_other_mode(Decoder& d) {
  if (d.take("rz")) return map_same<Rounded<F, FE_TOWARDZERO>, kArity, float>();
  if (d.take("rm")) return map_same<Rounded<F, FE_DOWNWARD>, kArity, float>();
  if (d.take("rp")) return map_same<Rounded<F, FE_UPWARD>, kArity, float>();
  return nullptr;
}

// False where the operation rounds to the nearest.
template <typename F, int kArity>
bool rounded_otherwise(Decoder& d) {
  const Execute execute = in_other_mode<F, kArity>(d);
  if (execute == nullptr) return false;
  const Type type = d.take_type();
  if (type != Type::kF32) d.fail("unsupported type");
  finish(d, type, execute, kArity);
  return true;
}

template <typename F>
struct InFloat {
  float operator()(float a, float b) const { return F()(a, b); }
};

void multiply(Decoder& d) {
  if (d.take("wide")) return multiply_wide(d, false);
  if (d.take("hi")) {
    const Type type = d.take_type();
    return finish(d, type, for_integer<MultiplyHigh, 2>(type), 2);
  }
  if (rounded_otherwise<InFloat<Multiply>, 2>(d)) return;
  d.take("lo");
  any_type<Multiply, 2>(d);
}

void multiply_add(Decoder& d) {
  if (d.take("wide")) return multiply_wide(d, true);
  if (d.take("hi")) {
    const Type type = d.take_type();
    return finish(d, type, for_integer<MultiplyAddHigh, 3>(type), 3);
  }
  d.take("lo");
  any_type<MultiplyAdd, 3, HalfMultiplyAdd>(d);
}

struct AddSaturating {
  int32_t operator()(int32_t a, int32_t b) const {
    const int64_t sum = int64_t{a} + b;
    return static_cast<int32_t>(std::min<int64_t>(std::max<int64_t>(sum, INT32_MIN), INT32_MAX));
  }
};

void fused(Decoder& d) {
  if (rounded_otherwise<FusedMultiplyAdd, 3>(d)) return;
  any_type<MultiplyAdd, 3, HalfMultiplyAdd>(d);
}

void add(Decoder& d) {
  if (rounded_otherwise<InFloat<Add>, 2>(d)) return;
  // .sat of a float is a clamp to [0, 1], of an integer to its range.
  const bool sat = d.take("sat");
  d.take("rn");
  const Type type = d.take_type();
  if (sat && type == Type::kS32)
    return finish(d, type, map2<AddSaturating, int32_t, int32_t, int32_t>, 2);
  if (sat && type != Type::kF32) d.fail("unsupported .sat");
  const bool ftz = d.take("ftz");
  Execute execute = for_integer<Add, 2>(type);
  if (execute == nullptr) execute = for_real<Add, 2>(d, type);
  if (type == Type::kF32) {
    execute = sat ? (ftz ? map_same<Saturating<Flushing<Add>>, 2, float>()
                         : map_same<Saturating<Add>, 2, float>())
                  : (ftz ? map_same<Flushing<Add>, 2, float>() : map_same<Add, 2, float>());
  }
  finish(d, type, execute, 2);
}

// Correctly rounded for .rn; .full and .approx are within 2 ulp on hardware, exact here.
void divide(Decoder& d) {
  d.take("full") || d.take("approx");
  any_type<Divide, 2>(d);
}

void remainder(Decoder& d) {
  const Type type = d.take_type();
  finish(d, type, for_integer<Remainder, 2>(type), 2);
}

}  // namespace

void add_arithmetic(DecodeTable& table) {
  table["add"] = add;
  table["sub"] = any_type<Subtract, 2>;
  table["mul"] = multiply;
  table["mad"] = multiply_add;
  table["fma"] = fused;
  table["div"] = divide;
  table["rem"] = remainder;
  table["abs"] = any_type<Absolute, 1>;
  table["neg"] = any_type<Negate, 1>;
  table["min"] = extreme<Minimum, MinimumOrNan>;
  table["max"] = extreme<Maximum, MaximumOrNan>;
}

}  // namespace pawl::softgpu
