// cvt between integers, f16, f32 and f64 with every rounding and saturation; two floats to f16x2.
#include <cmath>
#include <limits>

#include "tests/softgpu/device/arithmetic.h"
#include "tests/softgpu/device/decoder.h"
#include "tests/softgpu/device/lanes.h"

namespace pawl::softgpu {
namespace {

// option: rounding | flags.
enum : uint32_t {
  kRoundingMask = 7,
  kIntegral = 8,
  kSat = 16,
  kFtz = 32,
  kRelu = 64,
  kRounded = 128
};

Rounding rounding_of(uint32_t option) {
  return static_cast<Rounding>(option & kRoundingMask);
}

double round_to_float(double x, Rounding rounding) {
  const float nearest = static_cast<float>(x);
  const double value = static_cast<double>(nearest);
  if (rounding == Rounding::kNearest || value == x || std::isnan(x)) return value;
  const bool down = rounding == Rounding::kDown || (rounding == Rounding::kZero && x > 0.0);
  if (down && value > x) return static_cast<double>(std::nextafter(nearest, -INFINITY));
  if (!down && value < x) return static_cast<double>(std::nextafter(nearest, INFINITY));
  return value;
}

template <typename D>
D integer_from(double x, Rounding rounding) {
  if (std::isnan(x)) return 0;
  const double rounded = round_scaled(x, rounding);
  if (rounded <= static_cast<double>(std::numeric_limits<D>::min()))
    return std::numeric_limits<D>::min();
  if (rounded >= static_cast<double>(std::numeric_limits<D>::max()))
    return std::numeric_limits<D>::max();
  return static_cast<D>(rounded);
}

template <typename D>
D real_from(double x, uint32_t option) {
  if ((option & kIntegral) != 0) x = round_scaled(x, rounding_of(option));
  if ((option & kSat) != 0) x = x > 0.0 ? std::min(x, 1.0) : 0.0;
  if ((option & kRelu) != 0 && !(x > 0.0)) x = std::isnan(x) ? x : 0.0;
  const Rounding rounding = (option & kIntegral) != 0 ? Rounding::kNearest : rounding_of(option);
  if constexpr (std::is_same_v<D, Half>) {
    return Half{double_to_half(x, rounding)};
  } else if constexpr (std::is_same_v<D, float>) {
    const float value = static_cast<float>(round_to_float(x, rounding));
    return (option & kFtz) != 0 ? flush(value) : value;
  } else {
    return x;
  }
}

template <typename D, typename S>
D converted(S s, uint32_t option) {
  if constexpr (std::is_integral_v<S> && std::is_integral_v<D>) {
    if ((option & kSat) == 0) return static_cast<D>(s);
    __extension__ using Wide = __int128;
    const Wide low = std::numeric_limits<D>::min(), high = std::numeric_limits<D>::max();
    return static_cast<D>(Wide{s} < low ? low : (Wide{s} > high ? high : Wide{s}));
  } else if constexpr (std::is_integral_v<S>) {
    // 64-bit integers go to long double, which holds them, so that they are rounded once.
    if constexpr (sizeof(S) == 8 && std::is_same_v<D, float>) return static_cast<float>(s);
    return real_from<D>(static_cast<double>(s), option);
  } else {
    double x = 0.0;
    if constexpr (std::is_same_v<S, Half>) {
      x = value_of(s);
    } else if constexpr (std::is_same_v<S, float>) {
      x = static_cast<double>((option & kFtz) != 0 ? flush(s) : s);
    } else {
      x = s;
    }
    if constexpr (std::is_integral_v<D>) {
      return integer_from<D>(x, rounding_of(option));
    } else {
      return real_from<D>(x, option);
    }
  }
}

template <typename D, typename S>
void run(Warp& w, const Instruction& i, uint32_t mask) {
  auto* d = w.at<Cell<D>>(i.d[0]);
  const auto* s = w.at<Cell<S>>(i.s[0]);
  for_lanes(mask, [&](int32_t l) {
    const D value = converted<D>(from_cell<S>(s[l]), i.option);
    // A signed result narrower than its register is sign-extended.
    if constexpr (std::is_integral_v<D> && std::is_signed_v<D> && sizeof(D) < 4) {
      d[l] = static_cast<uint32_t>(i.elements == 2 ? static_cast<uint16_t>(int16_t{value})
                                                   : static_cast<uint32_t>(int32_t{value}));
    } else {
      d[l] = to_cell<D>(value);
    }
  });
}
void run_nearest_half(Warp& w, const Instruction& i, uint32_t mask) {
  auto* d = w.at<uint32_t>(i.d[0]);
  const auto* s = w.at<float>(i.s[0]);
  for_lanes(mask, [&](int32_t l) { d[l] = float_to_half(s[l]); });
}
void run_pair(Warp& w, const Instruction& i, uint32_t mask) {
  auto* d = w.at<uint32_t>(i.d[0]);
  const auto *upper = w.at<float>(i.s[0]), *lower = w.at<float>(i.s[1]);
  for_lanes(mask, [&](int32_t l) {
    d[l] = pair(converted<Half>(lower[l], i.option), converted<Half>(upper[l], i.option)).bits;
  });
}

template <typename D>
Execute from(Type source) {
  switch (source) {
    case Type::kU8:
      return run<D, uint8_t>;
    case Type::kS8:
      return run<D, int8_t>;
    case Type::kU16:
      return run<D, uint16_t>;
    case Type::kS16:
      return run<D, int16_t>;
    case Type::kU32:
      return run<D, uint32_t>;
    case Type::kS32:
      return run<D, int32_t>;
    case Type::kU64:
      return run<D, uint64_t>;
    case Type::kS64:
      return run<D, int64_t>;
    case Type::kF16:
      return run<D, Half>;
    case Type::kF32:
      return run<D, float>;
    case Type::kF64:
      return run<D, double>;
    default:
      return nullptr;
  }
}
Execute between(Type result, Type source) {
  switch (result) {
    case Type::kU8:
      return from<uint8_t>(source);
    case Type::kS8:
      return from<int8_t>(source);
    case Type::kU16:
      return from<uint16_t>(source);
    case Type::kS16:
      return from<int16_t>(source);
    case Type::kU32:
      return from<uint32_t>(source);
    case Type::kS32:
      return from<int32_t>(source);
    case Type::kU64:
      return from<uint64_t>(source);
    case Type::kS64:
      return from<int64_t>(source);
    case Type::kF16:
      return from<Half>(source);
    case Type::kF32:
      return from<float>(source);
    case Type::kF64:
      return from<double>(source);
    default:
      return nullptr;
  }
}

uint32_t take_rounding(Decoder& d) {
  static const std::map<std::string, uint32_t> all = {{"rn", 0},
                                                      {"rz", 1},
                                                      {"rm", 2},
                                                      {"rp", 3},
                                                      {"rna", 4},
                                                      {"rni", kIntegral},
                                                      {"rzi", kIntegral | 1},
                                                      {"rmi", kIntegral | 2},
                                                      {"rpi", kIntegral | 3}};
  for (const auto& [word, bits] : all) {
    if (d.take(word.c_str())) return bits | kRounded;
  }
  return 0;
}

bool is_real(Type type) {
  return type == Type::kF16 || type == Type::kF32 || type == Type::kF64;
}

void convert(Decoder& d) {
  uint32_t option = take_rounding(d);
  if (d.take("sat")) option |= kSat;
  if (d.take("ftz")) option |= kFtz;
  if (d.take("relu")) option |= kRelu;
  const Type result = d.take_type(), source = d.take_type();
  d.out().option = option;
  d.out().kind = Class::kConvert;
  d.result(0);
  if (result == Type::kF16x2 && source == Type::kF32) {
    d.out().execute = run_pair;
    return d.sources({source, source});
  }
  if (is_real(source) && !is_real(result) && (option & kRounded) == 0) d.fail("missing rounding");
  d.out().execute = between(result, source);
  if (d.out().execute == nullptr) d.fail("unsupported types");
  if (result == Type::kF16 && source == Type::kF32 && (option & ~kRounded) == 0) {
    d.out().execute = run_nearest_half;
  }
  // Bytes are held in registers of 16 or 32 bits, or more.
  const Operand& o = d.operand(1);
  Type held = source;
  if (o.kind == Operand::Kind::kRegister && !is_real(source)) {
    held = d.function().registers[static_cast<size_t>(o.reg)];
    if (bytes_of(held) < bytes_of(source) || (bytes_of(held) == 8) != (bytes_of(source) == 8)) {
      d.fail("register of another size");
    }
  }
  const Operand& r = d.operand(0);
  if (r.kind == Operand::Kind::kRegister &&
      bytes_of(d.function().registers[static_cast<size_t>(r.reg)]) == 2) {
    d.out().elements = 2;
  }
  d.sources({held});
}

}  // namespace

void add_convert(DecodeTable& table) {
  table["cvt"] = convert;
}

}  // namespace pawl::softgpu
