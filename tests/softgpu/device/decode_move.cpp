// mov with packing and unpacking, cvta.
#include "tests/softgpu/device/decoder.h"
#include "tests/softgpu/device/lanes.h"

namespace pawl::softgpu {
namespace {

template <typename C>
void run_move(Warp& w, const Instruction& i, uint32_t mask) {
  auto* d = w.at<C>(i.d[0]);
  const auto* s = w.at<C>(i.s[0]);
  for_lanes(mask, [&](int32_t l) { d[l] = s[l]; });
}
void run_move_predicate(Warp& w, const Instruction& i, uint32_t mask) {
  uint32_t& d = *w.at<uint32_t>(i.d[0]);
  d = (d & ~mask) | (w.predicate(i.s[0]) & mask);
}

// {a, b, ...} -> one register; option: bits of an element.
template <typename D>
void run_pack(Warp& w, const Instruction& i, uint32_t mask) {
  auto* d = w.at<D>(i.d[0]);
  for_lanes(mask, [&](int32_t l) {
    D value = 0;
    for (uint32_t k = 0; k < i.sources; ++k) {
      const uint64_t low = (uint64_t{1} << i.option) - 1;
      value |= static_cast<D>((w.at<uint32_t>(i.s[k])[l] & low) << (i.option * k));
    }
    d[l] = value;
  });
}
template <typename S>
void run_unpack(Warp& w, const Instruction& i, uint32_t mask) {
  const auto* s = w.at<S>(i.s[0]);
  for_lanes(mask, [&](int32_t l) {
    const uint64_t low = (uint64_t{1} << i.option) - 1;
    // A result may be the source's own register in another element.
    const S value = s[l];
    for (uint32_t k = 0; k < i.results; ++k) {
      w.at<uint32_t>(i.d[k])[l] = static_cast<uint32_t>(value >> (i.option * k) & low);
    }
  });
}

// The type of an element of a vector of `count` in a register of `type`.
Type element_of(Decoder& d, Type type, size_t count) {
  const int32_t bytes = bytes_of(type) / static_cast<int32_t>(count);
  d.out().option = static_cast<uint32_t>(8 * bytes);
  if (bytes == 4) return Type::kB32;
  if (bytes == 2) return Type::kB16;
  if (bytes == 1) return Type::kB8;
  d.fail("unsupported vector");
}

void move(Decoder& d) {
  const Type type = d.take_type();
  const bool wide = bytes_of(type) == 8;
  d.out().kind = Class::kMove;
  if (d.operands() != 2) d.fail("wrong number of operands");
  d.result(0);
  if (d.operand(1).kind == Operand::Kind::kVector) {
    d.source(1, element_of(d, type, d.operand(1).elements.size()));
    d.out().execute = wide ? run_pack<uint64_t> : run_pack<uint32_t>;
    return;
  }
  d.source(1, type);
  if (d.operand(0).kind == Operand::Kind::kVector) {
    element_of(d, type, d.operand(0).elements.size());
    d.out().execute = wide ? run_unpack<uint64_t> : run_unpack<uint32_t>;
  } else if (type == Type::kPred) {
    d.out().execute = run_move_predicate;
  } else {
    d.out().execute = wide ? run_move<uint64_t> : run_move<uint32_t>;
  }
}

// Between the address of a space and the generic one; option: which space.
uint64_t window_of(Decoder& d) {
  const std::string space =
      d.take_one_of({"global", "shared", "shared::cta", "local", "param", "const"});
  if (space == "local") return kLocalWindow;
  if (space == "shared" || space == "shared::cta") return kSharedWindow;
  if (space == "param") d.fail("unsupported space");
  return 0;
}
void run_add_window(Warp& w, const Instruction& i, uint32_t mask) {
  auto* d = w.at<uint64_t>(i.d[0]);
  const auto* s = w.at<uint64_t>(i.s[0]);
  for_lanes(mask, [&](int32_t l) { d[l] = s[l] + static_cast<uint64_t>(i.offset); });
}
void convert_address(Decoder& d) {
  const bool to_space = d.take("to");
  const uint64_t window = window_of(d);
  const Type type = d.take_type();
  if (type != Type::kU64) d.fail("unsupported type");
  d.out().offset = static_cast<int64_t>(to_space ? ~window + 1 : window);
  d.out().execute = run_add_window;
  d.out().kind = Class::kMove;
  d.result(0);
  d.sources({Type::kU64});
}

}  // namespace

void add_move(DecodeTable& table) {
  table["mov"] = move;
  table["cvta"] = convert_address;
}

}  // namespace pawl::softgpu
