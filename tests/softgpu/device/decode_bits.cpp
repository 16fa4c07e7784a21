// and or xor not cnot, shl shr shf, lop3 prmt, bfe bfi, brev popc clz bfind, dp4a.
#include <bit>

#include "tests/softgpu/device/decoder.h"
#include "tests/softgpu/device/lanes.h"

namespace pawl::softgpu {
namespace {

struct And {
  template <typename T>
  T operator()(T a, T b) const {
    return static_cast<T>(a & b);
  }
};
struct Or {
  template <typename T>
  T operator()(T a, T b) const {
    return static_cast<T>(a | b);
  }
};
struct Xor {
  template <typename T>
  T operator()(T a, T b) const {
    return static_cast<T>(a ^ b);
  }
};
struct Not {
  template <typename T>
  T operator()(T a) const {
    return static_cast<T>(~a);
  }
};
struct LogicalNot {
  template <typename T>
  T operator()(T a) const {
    return a == 0 ? 1 : 0;
  }
};
struct ShiftLeft {
  template <typename T>
  T operator()(T a, uint32_t n) const {
    return n >= 8 * sizeof(T) ? T{0} : static_cast<T>(uint64_t{a} << n);
  }
};
struct ShiftRight {
  template <typename T>
  T operator()(T a, uint32_t n) const {
    const uint32_t bits = 8 * sizeof(T);
    if (n >= bits) return static_cast<T>(a < 0 ? -1 : 0);
    return static_cast<T>(a >> n);
  }
};

void setup(Decoder& d, Execute execute, std::initializer_list<Type> types) {
  d.out().execute = execute;
  d.out().kind = Class::kInteger;
  d.result(0);
  d.sources(types);
}

// A predicate is a mask of lanes, so logic on predicates is logic on one word.
template <typename F, int kArity>
void on_predicates(Warp& w, const Instruction& i, uint32_t mask) {
  const uint32_t a = w.predicate(i.s[0]);
  uint32_t value = 0;
  if constexpr (kArity == 1) {
    value = ~a;
  } else {
    value = F()(a, w.predicate(i.s[1]));
  }
  uint32_t& d = *w.at<uint32_t>(i.d[0]);
  d = (d & ~mask) | (value & mask);
}

template <typename F>
void logic2(Decoder& d) {
  const Type t = d.take_type();
  switch (t) {
    case Type::kPred:
      return setup(d, on_predicates<F, 2>, {t, t});
    case Type::kB16:
      return setup(d, map2<F, uint16_t, uint16_t, uint16_t>, {t, t});
    case Type::kB32:
      return setup(d, map2<F, uint32_t, uint32_t, uint32_t>, {t, t});
    case Type::kB64:
      return setup(d, map2<F, uint64_t, uint64_t, uint64_t>, {t, t});
    default:
      d.fail("unsupported type");
  }
}

template <typename F>
void logic1(Decoder& d) {
  const Type t = d.take_type();
  switch (t) {
    case Type::kPred:
      return setup(d, on_predicates<F, 1>, {t});
    case Type::kB16:
      return setup(d, map1<F, uint16_t, uint16_t>, {t});
    case Type::kB32:
      return setup(d, map1<F, uint32_t, uint32_t>, {t});
    case Type::kB64:
      return setup(d, map1<F, uint64_t, uint64_t>, {t});
    default:
      d.fail("unsupported type");
  }
}

template <typename F>
void shift(Decoder& d) {
  const Type t = d.take_type();
  const Type count = Type::kU32;
  switch (t) {
    case Type::kB16:
    case Type::kU16:
      return setup(d, map2<F, uint16_t, uint16_t, uint32_t>, {t, count});
    case Type::kB32:
    case Type::kU32:
      return setup(d, map2<F, uint32_t, uint32_t, uint32_t>, {t, count});
    case Type::kB64:
    case Type::kU64:
      return setup(d, map2<F, uint64_t, uint64_t, uint32_t>, {t, count});
    default:
      break;
  }
  if constexpr (std::is_same_v<F, ShiftRight>) {
    switch (t) {
      case Type::kS16:
        return setup(d, map2<F, int16_t, int16_t, uint32_t>, {t, count});
      case Type::kS32:
        return setup(d, map2<F, int32_t, int32_t, uint32_t>, {t, count});
      case Type::kS64:
        return setup(d, map2<F, int64_t, int64_t, uint32_t>, {t, count});
      default:
        break;
    }
  }
  d.fail("unsupported type");
}

// The funnel: 64 bits of high:low, shifted, of which one half is kept.
template <bool kLeft, bool kWrap>
struct Funnel {
  uint32_t operator()(uint32_t low, uint32_t high, uint32_t count) const {
    const uint32_t n = kWrap ? count & 31 : std::min<uint32_t>(count, 32);
    const uint64_t both = uint64_t{high} << 32 | low;
    return static_cast<uint32_t>(kLeft ? both << n >> 32 : both >> n);
  }
};
template <typename F>
constexpr Execute kThreeWords = map3<F, uint32_t, uint32_t, uint32_t, uint32_t>;

void funnel(Decoder& d) {
  const bool left = d.take_one_of({"l", "r"}) == "l";
  const bool wrap = d.take_one_of({"wrap", "clamp"}) == "wrap";
  const Type t = d.take_type();
  if (t != Type::kB32) d.fail("unsupported type");
  setup(d,
        left ? (wrap ? kThreeWords<Funnel<true, true>> : kThreeWords<Funnel<true, false>>)
             : (wrap ? kThreeWords<Funnel<false, true>> : kThreeWords<Funnel<false, false>>),
        {t, t, Type::kU32});
}

void run_lop3(Warp& w, const Instruction& i, uint32_t mask) {
  auto* d = w.at<uint32_t>(i.d[0]);
  const auto *a = w.at<uint32_t>(i.s[0]), *b = w.at<uint32_t>(i.s[1]), *c = w.at<uint32_t>(i.s[2]);
  for_lanes(mask, [&](int32_t l) {
    uint32_t value = 0;
    for (uint32_t row = 0; row < 8; ++row) {
      if ((i.option >> row & 1) == 0) continue;
      value |= ((row & 4) != 0 ? a[l] : ~a[l]) & ((row & 2) != 0 ? b[l] : ~b[l]) &
               ((row & 1) != 0 ? c[l] : ~c[l]);
    }
    d[l] = value;
  });
}
void lop3(Decoder& d) {
  if (d.take_type() != Type::kB32) d.fail("unsupported type");
  d.out().execute = run_lop3;
  d.out().kind = Class::kInteger;
  d.result(0);
  for (size_t s = 1; s <= 3; ++s) d.source(s, Type::kB32);
  d.out().option = static_cast<uint32_t>(d.constant(4));
}

// Each of four nibbles picks one of eight bytes; its top bit replicates that byte's sign.
struct Permute {
  uint32_t operator()(uint32_t a, uint32_t b, uint32_t selector) const {
    const uint64_t bytes = uint64_t{b} << 32 | a;
    uint32_t value = 0;
    for (uint32_t k = 0; k < 4; ++k) {
      const uint32_t pick = selector >> 4 * k & 15;
      uint32_t byte = static_cast<uint32_t>(bytes >> 8 * (pick & 7)) & 255;
      if ((pick & 8) != 0) byte = (byte & 128) != 0 ? 255 : 0;
      value |= byte << 8 * k;
    }
    return value;
  }
};
void permute(Decoder& d) {
  const Type t = d.take_type();
  if (t != Type::kB32) d.fail("unsupported type");
  setup(d, kThreeWords<Permute>, {t, t, t});
}

template <typename T>
struct ExtractField {
  T operator()(T a, uint32_t position, uint32_t length) const {
    constexpr uint32_t kBits = 8 * sizeof(T);
    position &= 255, length &= 255;
    if (length == 0) return 0;
    const uint32_t last = std::min(position + length - 1, kBits - 1);
    const bool negative = std::is_signed_v<T> && (static_cast<uint64_t>(a) >> last & 1) != 0;
    using U = std::make_unsigned_t<T>;
    U value = position >= kBits ? U{0} : static_cast<U>(static_cast<U>(a) >> position);
    const uint32_t kept = position >= kBits ? 0 : std::min(length, kBits - position);
    const U field = kept >= kBits ? static_cast<U>(~U{0}) : static_cast<U>((U{1} << kept) - 1);
    value &= field;
    return static_cast<T>(negative ? value | static_cast<U>(~field) : value);
  }
};
void extract(Decoder& d) {
  const Type t = d.take_type();
  const Type n = Type::kU32;
  switch (t) {
    case Type::kU32:
      return setup(d, map3<ExtractField<uint32_t>, uint32_t, uint32_t, uint32_t, uint32_t>,
                   {t, n, n});
    case Type::kS32:
      return setup(d, map3<ExtractField<int32_t>, int32_t, int32_t, uint32_t, uint32_t>, {t, n, n});
    case Type::kU64:
      return setup(d, map3<ExtractField<uint64_t>, uint64_t, uint64_t, uint32_t, uint32_t>,
                   {t, n, n});
    case Type::kS64:
      return setup(d, map3<ExtractField<int64_t>, int64_t, int64_t, uint32_t, uint32_t>, {t, n, n});
    default:
      d.fail("unsupported type");
  }
}

template <typename T>
void run_insert(Warp& w, const Instruction& i, uint32_t mask) {
  constexpr uint32_t kBits = 8 * sizeof(T);
  auto* d = w.at<T>(i.d[0]);
  const auto *a = w.at<T>(i.s[0]), *b = w.at<T>(i.s[1]);
  const auto *position = w.at<uint32_t>(i.s[2]), *length = w.at<uint32_t>(i.s[3]);
  for_lanes(mask, [&](int32_t l) {
    const uint32_t at = position[l] & 255, bits = std::min<uint32_t>(length[l] & 255, kBits);
    const T ones = bits == kBits ? static_cast<T>(~T{0}) : static_cast<T>((T{1} << bits) - 1);
    const T field = at >= kBits ? T{0} : static_cast<T>(ones << at);
    d[l] = static_cast<T>((b[l] & ~field) | ((at >= kBits ? T{0} : a[l] << at) & field));
  });
}
void insert(Decoder& d) {
  const Type t = d.take_type();
  if (t != Type::kB32 && t != Type::kB64) d.fail("unsupported type");
  setup(d, t == Type::kB32 ? run_insert<uint32_t> : run_insert<uint64_t>,
        {t, t, Type::kU32, Type::kU32});
}

struct Reverse {
  uint32_t operator()(uint32_t a) const {
    uint32_t value = 0;
    for (uint32_t bit = 0; bit < 32; ++bit) value |= (a >> bit & 1) << (31 - bit);
    return value;
  }
};
struct CountOnes {
  template <typename T>
  uint32_t operator()(T a) const {
    return static_cast<uint32_t>(std::popcount(a));
  }
};
struct CountLeadingZeros {
  template <typename T>
  uint32_t operator()(T a) const {
    return static_cast<uint32_t>(std::countl_zero(a));
  }
};
struct FindTop {  // of an unsigned value; all bits set where there is none
  uint32_t operator()(uint32_t a) const { return 31 - static_cast<uint32_t>(std::countl_zero(a)); }
};
struct ShiftToTop {  // how far left the highest bit is to go; all bits set where there is none
  uint32_t operator()(uint32_t a) const {
    return a == 0 ? ~0U : static_cast<uint32_t>(std::countl_zero(a));
  }
};

template <typename F>
void count(Decoder& d) {
  const Type t = d.take_type();
  if (t == Type::kB64) return setup(d, map1<F, uint32_t, uint64_t>, {t});
  if (t != Type::kB32) d.fail("unsupported type");
  setup(d, map1<F, uint32_t, uint32_t>, {t});
}
template <typename F>
void word1(Decoder& d) {
  const Type t = d.take_type();
  if (t != Type::kB32 && t != Type::kU32) d.fail("unsupported type");
  setup(d, map1<F, uint32_t, uint32_t>, {t});
}
void find_top(Decoder& d) {
  if (d.take("shiftamt")) return word1<ShiftToTop>(d);
  word1<FindTop>(d);
}

template <bool kSignedA, bool kSignedB>
struct Dot4 {
  uint32_t operator()(uint32_t a, uint32_t b, uint32_t sum) const {
    const auto byte = [](uint32_t x, uint32_t k, bool is_signed) {
      const uint32_t value = x >> 8 * k & 255;
      return is_signed ? int32_t{static_cast<int8_t>(value)} : static_cast<int32_t>(value);
    };
    for (uint32_t k = 0; k < 4; ++k) {
      sum += static_cast<uint32_t>(byte(a, k, kSignedA) * byte(b, k, kSignedB));
    }
    return sum;
  }
};
void dot4(Decoder& d) {
  const Type a = d.take_type(), b = d.take_type();
  const bool sa = a == Type::kS32, sb = b == Type::kS32;
  if ((!sa && a != Type::kU32) || (!sb && b != Type::kU32)) d.fail("unsupported type");
  setup(d,
        sa ? (sb ? kThreeWords<Dot4<true, true>> : kThreeWords<Dot4<true, false>>)
           : (sb ? kThreeWords<Dot4<false, true>> : kThreeWords<Dot4<false, false>>),
        {a, b, Type::kB32});
}

}  // namespace

void add_bits(DecodeTable& table) {
  table["and"] = logic2<And>;
  table["or"] = logic2<Or>;
  table["xor"] = logic2<Xor>;
  table["not"] = logic1<Not>;
  table["cnot"] = logic1<LogicalNot>;
  table["shl"] = shift<ShiftLeft>;
  table["shr"] = shift<ShiftRight>;
  table["shf"] = funnel;
  table["lop3"] = lop3;
  table["prmt"] = permute;
  table["bfe"] = extract;
  table["bfi"] = insert;
  table["brev"] = word1<Reverse>;
  table["popc"] = count<CountOnes>;
  table["clz"] = count<CountLeadingZeros>;
  table["bfind"] = find_top;
  table["dp4a"] = dot4;
}

}  // namespace pawl::softgpu
