// atom and red: lanes one after the other, in order of the lane.
#include <algorithm>

#include "tests/softgpu/device/access.h"
#include "tests/softgpu/device/arithmetic.h"
#include "tests/softgpu/device/decoder.h"
#include "tests/softgpu/device/lanes.h"

namespace pawl::softgpu {
namespace {

enum class Operation : uint8_t {
  kAdd,
  kMin,
  kMax,
  kAnd,
  kOr,
  kXor,
  kExchange,
  kIncrement,
  kDecrement,
  kCompare
};

template <typename T>
T applied(Operation operation, T old, T b, T c) {
  switch (operation) {
    case Operation::kAdd:
      return Add()(old, b);
    case Operation::kExchange:
      return b;
    default:
      break;
  }
  if constexpr (std::is_integral_v<T>) {
    switch (operation) {
      case Operation::kMin:
        return std::min(old, b);
      case Operation::kMax:
        return std::max(old, b);
      case Operation::kAnd:
        return old & b;
      case Operation::kOr:
        return old | b;
      case Operation::kXor:
        return old ^ b;
      case Operation::kIncrement:
        return old >= b ? T{0} : static_cast<T>(old + 1);
      case Operation::kDecrement:
        return old == 0 || old > b ? b : static_cast<T>(old - 1);
      case Operation::kCompare:
        return old == b ? c : old;
      default:
        break;
    }
  }
  return old;
}

// option: operation | space << 16 | (has a result) << 24.
template <typename T>
void run(Warp& w, const Instruction& i, uint32_t mask) {
  const auto operation = static_cast<Operation>(i.option & 255);
  const auto space = static_cast<Space>(i.option >> 16 & 255);
  const auto* b = w.at<Cell<T>>(i.s[1]);
  const auto* c = w.at<Cell<T>>(i.s[i.sources - 1U]);
  uint64_t addresses[kLanes];
  for_lanes(mask, [&](int32_t l) {
    addresses[l] = lane_address(w, i, l);
    uint8_t* data = touch(w, i, l, space, addresses[l], sizeof(T), Touch::kAtomic);
    T old;
    std::memcpy(&old, data, sizeof(T));
    const T value = applied(operation, old, from_cell<T>(b[l]), from_cell<T>(c[l]));
    std::memcpy(data, &value, sizeof(T));
    if (i.results != 0) w.at<Cell<T>>(i.d[0])[l] = to_cell<T>(old);
  });
  if (space == Space::kGlobal) count_global(w, mask, addresses, sizeof(T));
}

void atomic(Decoder& d, bool result) {
  static const std::map<std::string, Operation> all = {
      {"add", Operation::kAdd},       {"min", Operation::kMin},
      {"max", Operation::kMax},       {"and", Operation::kAnd},
      {"or", Operation::kOr},         {"xor", Operation::kXor},
      {"exch", Operation::kExchange}, {"inc", Operation::kIncrement},
      {"dec", Operation::kDecrement}, {"cas", Operation::kCompare}};
  for (const char* word :
       {"relaxed", "acquire", "release", "acq_rel", "cta", "gpu", "sys", "noftz"}) {
    d.take(word);
  }
  const Space space = d.take("global")                            ? Space::kGlobal
                      : d.take("shared") || d.take("shared::cta") ? Space::kShared
                                                                  : Space::kGeneric;
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const auto& o) { return d.take(o.first.c_str()); });
  if (found == all.end()) d.fail("missing operation");
  const Type type = d.take_type();
  d.out().option = static_cast<uint32_t>(found->second) | static_cast<uint32_t>(space) << 16;
  d.out().kind = Class::kAtomic;
  switch (type) {
    case Type::kB32:
    case Type::kU32:
      d.out().execute = run<uint32_t>;
      break;
    case Type::kS32:
      d.out().execute = run<int32_t>;
      break;
    case Type::kB64:
    case Type::kU64:
      d.out().execute = run<uint64_t>;
      break;
    case Type::kS64:
      d.out().execute = run<int64_t>;
      break;
    case Type::kF32:
      d.out().execute = run<float>;
      break;
    case Type::kF64:
      d.out().execute = run<double>;
      break;
    case Type::kF16x2:
      d.out().execute = run<HalfPair>;
      break;
    default:
      d.fail("unsupported type");
  }
  const bool real = type == Type::kF32 || type == Type::kF64 || type == Type::kF16x2;
  if (real && found->second != Operation::kAdd) d.fail("unsupported type");
  const size_t first = result ? 1 : 0;
  if (result) d.result(0);
  d.address(first);
  d.source(first + 1, type);
  const bool compare = found->second == Operation::kCompare;
  if (compare) d.source(first + 2, type);
  if (d.operands() != first + (compare ? 3U : 2U)) d.fail("wrong number of operands");
}

}  // namespace

void add_atomic(DecodeTable& table) {
  table["atom"] = [](Decoder& d) { atomic(d, true); };
  table["red"] = [](Decoder& d) { atomic(d, false); };
}

}  // namespace pawl::softgpu
