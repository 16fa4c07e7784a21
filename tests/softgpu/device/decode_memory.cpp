// ld ldu st: every space, width and vector, plain or ordered.
#include "engine/runtime/cuda/driver_types.h"
#include "tests/softgpu/device/access.h"
#include "tests/softgpu/device/decoder.h"
#include "tests/softgpu/device/lanes.h"

namespace pawl::softgpu {
using namespace cuda;

namespace {

// option: bytes of an element | flags | space << 16.
enum : uint32_t { kBytesMask = 15, kSigned = 16, kWide = 32, kShort = 64, kOrdered = 128 };

Space space_of(const Instruction& i) {
  return static_cast<Space>(i.option >> 16);
}

// Generic addresses count where they lead, lane by lane.
void count(Warp& w, const Instruction& i, uint32_t mask, const uint64_t* addresses,
           uint32_t bytes) {
  const Space space = space_of(i);
  uint64_t there[kLanes];
  uint32_t shared = 0, global = 0;
  for_lanes(mask, [&](int32_t l) {
    there[l] = addresses[l];
    const Space of_lane = space == Space::kGeneric ? resolve_generic(&there[l]) : space;
    if (of_lane == Space::kShared) shared |= 1U << l;
    if (of_lane == Space::kGlobal) global |= 1U << l;
  });
  if (shared != 0) count_shared(w, shared, there, bytes);
  if (global != 0) count_global(w, global, there, bytes);
}

void run_load(Warp& w, const Instruction& i, uint32_t mask) {
  const uint32_t element = i.option & kBytesMask, bytes = element * i.elements;
  const Touch how = (i.option & kOrdered) != 0 ? Touch::kAtomic : Touch::kRead;
  uint64_t addresses[kLanes];
  for_lanes(mask, [&](int32_t l) {
    addresses[l] = lane_address(w, i, l);
    const uint8_t* data = touch(w, i, l, space_of(i), addresses[l], bytes, how);
    for (uint32_t k = 0; k < i.elements; ++k) {
      uint64_t value = 0;
      std::memcpy(&value, data + k * element, element);
      if ((i.option & kSigned) != 0) {
        const uint32_t spare = 64 - 8 * element;
        value = static_cast<uint64_t>(static_cast<int64_t>(value << spare) >> spare);
      }
      if ((i.option & kWide) != 0) {
        w.at<uint64_t>(i.d[k])[l] = value;
      } else {
        w.at<uint32_t>(i.d[k])[l] =
            static_cast<uint32_t>((i.option & kShort) != 0 ? value & 0xFFFF : value);
      }
    }
  });
  count(w, i, mask, addresses, bytes);
}

void run_store(Warp& w, const Instruction& i, uint32_t mask) {
  const uint32_t element = i.option & kBytesMask, bytes = element * i.elements;
  const Touch how = (i.option & kOrdered) != 0 ? Touch::kAtomic : Touch::kWrite;
  uint64_t addresses[kLanes];
  for_lanes(mask, [&](int32_t l) {
    addresses[l] = lane_address(w, i, l);
    uint8_t* data = touch(w, i, l, space_of(i), addresses[l], bytes, how);
    for (uint32_t k = 0; k < i.elements; ++k) {
      const std::byte* cell = (i.option & kWide) != 0
                                  ? reinterpret_cast<std::byte*>(w.at<uint64_t>(i.s[1 + k]) + l)
                                  : reinterpret_cast<std::byte*>(w.at<uint32_t>(i.s[1 + k]) + l);
      std::memcpy(data + k * element, cell, element);
    }
  });
  count(w, i, mask, addresses, bytes);
}

void run_load_parameter(Warp& w, const Instruction& i, uint32_t mask) {
  const uint32_t element = i.option & kBytesMask;
  const uint32_t size = w.block.program().parameter_bytes;
  for_lanes(mask, [&](int32_t l) {
    const uint64_t at = lane_address(w, i, l);
    if (at > size || element * i.elements > size - at) {
      w.block.fault(FindingKind::kBounds, CUDA_ERROR_ILLEGAL_ADDRESS, w, i, l,
                    "parameter offset " + std::to_string(at));
    }
    for (uint32_t k = 0; k < i.elements; ++k) {
      uint64_t value = 0;
      std::memcpy(&value, w.block.launch().parameters + at + k * element, element);
      if ((i.option & kSigned) != 0) {
        const uint32_t spare = 64 - 8 * element;
        value = static_cast<uint64_t>(static_cast<int64_t>(value << spare) >> spare);
      }
      if ((i.option & kWide) != 0) {
        w.at<uint64_t>(i.d[k])[l] = value;
      } else {
        w.at<uint32_t>(i.d[k])[l] =
            static_cast<uint32_t>((i.option & kShort) != 0 ? value & 0xFFFF : value);
      }
    }
  });
}

// Order and scope; true where the access orders others, as an atomic one.
bool take_order(Decoder& d) {
  bool ordered = false;
  for (const char* word : {"volatile", "relaxed", "acquire", "release", "acq_rel"}) {
    ordered = d.take(word) || ordered;
  }
  d.take("weak");
  for (const char* scope : {"cta", "gpu", "sys", "cluster"}) d.take(scope);
  return ordered;
}

Space take_space(Decoder& d) {
  if (d.take("global") || d.take("const")) return Space::kGlobal;
  if (d.take("shared") || d.take("shared::cta")) return Space::kShared;
  if (d.take("local")) return Space::kLocal;
  if (d.take("param") || d.take("param::entry")) return Space::kParam;
  return Space::kGeneric;
}

uint8_t take_elements(Decoder& d) {
  return d.take("v2") ? 2 : d.take("v4") ? 4 : 1;
}

uint32_t register_flags(Decoder& d, const Operand& o, Type type) {
  const Operand& first = o.kind == Operand::Kind::kVector ? o.elements[0] : o;
  uint32_t flags = static_cast<uint32_t>(bytes_of(type));
  if (first.kind != Operand::Kind::kRegister)
    return flags | (bytes_of(type) == 8 ? uint32_t{kWide} : 0U);
  const int32_t held = bytes_of(d.function().registers[static_cast<size_t>(first.reg)]);
  if (held < bytes_of(type)) d.fail("register of another size");
  return flags | (held == 8 ? uint32_t{kWide} : 0U) | (held == 2 ? uint32_t{kShort} : 0U);
}

bool is_signed(Type type) {
  return type == Type::kS8 || type == Type::kS16 || type == Type::kS32;
}

Class class_of(Space space, bool load) {
  switch (space) {
    case Space::kShared:
      return load ? Class::kLoadShared : Class::kStoreShared;
    case Space::kLocal:
      return Class::kLocal;
    case Space::kParam:
      return Class::kParam;
    default:
      return load ? Class::kLoadGlobal : Class::kStoreGlobal;
  }
}

void load(Decoder& d) {
  const bool ordered = take_order(d);
  const Space space = take_space(d);
  d.take_memory_hints();
  d.out().elements = take_elements(d);
  const Type type = d.take_type();
  d.out().option = register_flags(d, d.operand(0), type) |
                   (is_signed(type) ? uint32_t{kSigned} : 0U) |
                   (ordered ? uint32_t{kOrdered} : 0U) | static_cast<uint32_t>(space) << 16;
  d.out().kind = class_of(space, true);
  d.out().execute = space == Space::kParam ? run_load_parameter : run_load;
  d.result(0);
  d.address(1);
  if (d.out().results != d.out().elements || d.operands() != 2) d.fail("wrong number of operands");
}

void store(Decoder& d) {
  const bool ordered = take_order(d);
  const Space space = take_space(d);
  if (space == Space::kParam) d.fail("unsupported space");
  d.take_memory_hints();
  d.out().elements = take_elements(d);
  const Type type = d.take_type();
  d.out().option = register_flags(d, d.operand(1), type) | (ordered ? uint32_t{kOrdered} : 0U) |
                   static_cast<uint32_t>(space) << 16;
  d.out().kind = class_of(space, false);
  d.out().execute = run_store;
  d.address(0);
  const bool wide = (d.out().option & kWide) != 0;
  d.source(1, wide ? Type::kB64 : Type::kB32);
  if (d.out().sources != 1 + d.out().elements || d.operands() != 2)
    d.fail("wrong number of operands");
}

}  // namespace

void add_memory(DecodeTable& table) {
  table["ld"] = load;
  table["ldu"] = load;
  table["st"] = store;
}

}  // namespace pawl::softgpu
