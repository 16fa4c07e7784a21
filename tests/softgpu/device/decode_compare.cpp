// setp set selp slct.
#include <cmath>

#include "tests/softgpu/device/arithmetic.h"
#include "tests/softgpu/device/decoder.h"
#include "tests/softgpu/device/lanes.h"

namespace pawl::softgpu {
namespace {

// A comparison in three bits: true when less, equal, greater; the fourth when unordered.
enum : uint32_t { kLess = 1, kEqual = 2, kGreater = 4, kUnordered = 8 };

uint32_t take_comparison(Decoder& d) {
  static const std::map<std::string, uint32_t> all = {{"eq", kEqual},
                                                      {"ne", kLess | kGreater},
                                                      {"lt", kLess},
                                                      {"le", kLess | kEqual},
                                                      {"gt", kGreater},
                                                      {"ge", kGreater | kEqual},
                                                      {"lo", kLess},
                                                      {"ls", kLess | kEqual},
                                                      {"hi", kGreater},
                                                      {"hs", kGreater | kEqual},
                                                      {"equ", kEqual | kUnordered},
                                                      {"neu", kLess | kGreater | kUnordered},
                                                      {"ltu", kLess | kUnordered},
                                                      {"leu", kLess | kEqual | kUnordered},
                                                      {"gtu", kGreater | kUnordered},
                                                      {"geu", kGreater | kEqual | kUnordered},
                                                      {"num", kLess | kEqual | kGreater},
                                                      {"nan", kUnordered}};
  for (const auto& [word, bits] : all) {
    if (d.take(word.c_str())) return bits;
  }
  d.fail("missing comparison");
}

template <typename T>
uint32_t relation(T a, T b) {
  if constexpr (kIsHalf<T>) {
    return relation(value_of(a), value_of(b));
  } else {
    return a < b ? kLess : a > b ? kGreater : a == b ? kEqual : kUnordered;
  }
}

// Lanes where the comparison holds.
template <typename T>
uint32_t compare(Warp& w, const Instruction& i, uint32_t mask) {
  const auto* a = w.at<Cell<T>>(i.s[0]);
  const auto* b = w.at<Cell<T>>(i.s[1]);
  uint32_t lanes = 0;
  for_lanes(mask, [&](int32_t l) {
    lanes |= static_cast<uint32_t>(
                 (relation(from_cell<T>(a[l]), from_cell<T>(b[l])) & i.option & 15) != 0)
             << l;
  });
  return lanes;
}

enum : uint32_t { kCombineShift = 4, kNone = 0, kAnd = 1, kOr = 2, kXor = 3, kNegateShift = 8 };

// Results p|q: the comparison and its opposite, each combined with a third predicate.
void store(Warp& w, const Instruction& i, uint32_t mask, uint32_t holds) {
  const uint32_t how = i.option >> kCombineShift & 3;
  uint32_t third = how == kNone ? 0 : w.predicate(i.s[2]);
  if ((i.option >> kNegateShift & 1) != 0) third = ~third;
  for (uint32_t r = 0; r < i.results; ++r) {
    uint32_t value = r == 0 ? holds : ~holds;
    if (how == kAnd) value &= third;
    if (how == kOr) value |= third;
    if (how == kXor) value ^= third;
    uint32_t& d = *w.at<uint32_t>(i.d[r]);
    d = (d & ~mask) | (value & mask);
  }
}

template <typename T>
void run_setp(Warp& w, const Instruction& i, uint32_t mask) {
  store(w, i, mask, compare<T>(w, i, mask));
}
// p|q: the two halves.
void run_setp_pair(Warp& w, const Instruction& i, uint32_t mask) {
  const auto *a = w.at<uint32_t>(i.s[0]), *b = w.at<uint32_t>(i.s[1]);
  for (uint32_t r = 0; r < i.results; ++r) {
    uint32_t lanes = 0;
    for_lanes(mask, [&](int32_t l) {
      const Half x{static_cast<uint16_t>(a[l] >> 16 * r)}, y{static_cast<uint16_t>(b[l] >> 16 * r)};
      lanes |= static_cast<uint32_t>((relation(x, y) & i.option & 15) != 0) << l;
    });
    uint32_t& d = *w.at<uint32_t>(i.d[r]);
    d = (d & ~mask) | lanes;
  }
}
// set: all bits, or 1.0 where the result is a float.
template <typename T>
void run_set(Warp& w, const Instruction& i, uint32_t mask) {
  const uint32_t holds = compare<T>(w, i, mask);
  const uint32_t yes = i.elements == 2 ? 0x3F800000 : 0xFFFFFFFF;
  auto* d = w.at<uint32_t>(i.d[0]);
  for_lanes(mask, [&](int32_t l) { d[l] = (holds >> l & 1) != 0 ? yes : 0; });
}

template <template <typename> typename Run>
Execute by_type(Decoder& d, Type type) {
  switch (type) {
    case Type::kB16:
    case Type::kU16:
      return Run<uint16_t>::execute;
    case Type::kS16:
      return Run<int16_t>::execute;
    case Type::kB32:
    case Type::kU32:
      return Run<uint32_t>::execute;
    case Type::kS32:
      return Run<int32_t>::execute;
    case Type::kB64:
    case Type::kU64:
      return Run<uint64_t>::execute;
    case Type::kS64:
      return Run<int64_t>::execute;
    case Type::kF16:
      return Run<Half>::execute;
    case Type::kF32:
      return Run<float>::execute;
    case Type::kF64:
      return Run<double>::execute;
    default:
      d.fail("unsupported type");
  }
}
template <typename T>
struct RunSetp {
  static constexpr Execute execute = run_setp<T>;
};
template <typename T>
struct RunSet {
  static constexpr Execute execute = run_set<T>;
};

void setp(Decoder& d) {
  uint32_t option = take_comparison(d);
  const uint32_t how = d.take("and") ? kAnd : d.take("or") ? kOr : d.take("xor") ? kXor : kNone;
  if (d.take("ftz")) d.fail("unsupported .ftz");
  const Type type = d.take_type();
  d.result(0);
  d.source(1, type);
  d.source(2, type);
  if (how != kNone) {
    d.source(3, Type::kPred);
    option |= how << kCombineShift | uint32_t{d.operand(3).negated} << kNegateShift;
  }
  d.out().option = option;
  d.out().kind = Class::kInteger;
  if (type == Type::kF16x2) {
    if (how != kNone) d.fail("unsupported combination");
    d.out().execute = run_setp_pair;
  } else {
    d.out().execute = by_type<RunSetp>(d, type);
  }
}

void set(Decoder& d) {
  d.out().option = take_comparison(d);
  const Type result = d.take_type(), type = d.take_type();
  if (bytes_of(result) != 4 || result == Type::kF16x2) d.fail("unsupported type");
  d.out().elements = result == Type::kF32 ? 2 : 1;
  d.out().execute = by_type<RunSet>(d, type);
  d.out().kind = Class::kInteger;
  d.result(0);
  d.sources({type, type});
}

template <typename C>
void run_select(Warp& w, const Instruction& i, uint32_t mask) {
  auto* d = w.at<C>(i.d[0]);
  const auto *a = w.at<C>(i.s[0]), *b = w.at<C>(i.s[1]);
  const uint32_t choice = w.predicate(i.s[2]);
  for_lanes(mask, [&](int32_t l) { d[l] = (choice >> l & 1) != 0 ? a[l] : b[l]; });
}
void select(Decoder& d) {
  const Type type = d.take_type();
  d.out().execute = bytes_of(type) == 8 ? run_select<uint64_t> : run_select<uint32_t>;
  d.out().kind = Class::kMove;
  d.result(0);
  d.sources({type, type, Type::kPred});
}

}  // namespace

void add_compare(DecodeTable& table) {
  table["setp"] = setp;
  table["set"] = set;
  table["selp"] = select;
}

}  // namespace pawl::softgpu
