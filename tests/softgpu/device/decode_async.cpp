// cp.async: what a thread copies from global to shared memory behind its own back. From the
// instruction on the destination is poisoned; the data appear where the thread waits for the group
// they were committed in. Its own warp may read them then, others after a barrier.
#include <algorithm>

#include "engine/runtime/cuda/driver_types.h"
#include "tests/softgpu/device/access.h"
#include "tests/softgpu/device/decoder.h"
#include "tests/softgpu/device/lanes.h"

namespace pawl::softgpu {
using namespace cuda;

namespace {

// option: bytes of the destination. s[2], where it is there: bytes of the source, the rest is zero.
void run_copy(Warp& w, const Instruction& i, uint32_t mask) {
  Block& block = w.block;
  const uint32_t bytes = i.option;
  uint64_t to[kLanes], from[kLanes];
  uint32_t reading = 0;
  for_lanes(mask, [&](int32_t l) {
    to[l] = lane_address(w, i, l);
    const uint64_t base =
        i.wide_address2 ? w.at<uint64_t>(i.s[1])[l] : uint64_t{w.at<uint32_t>(i.s[1])[l]};
    from[l] = base + static_cast<uint64_t>(i.offset2);
    const uint32_t read = i.sources > 2 ? w.at<uint32_t>(i.s[2])[l] : bytes;
    if (read > bytes) {
      block.fault(FindingKind::kBounds, CUDA_ERROR_ILLEGAL_ADDRESS, w, i, l,
                  "source size " + std::to_string(read));
    }
    AsyncCopy copy{};
    copy.bytes = bytes;
    copy.lane = static_cast<uint8_t>(l);
    copy.group = w.committed[static_cast<size_t>(l)];
    if (read != 0) {
      reading |= 1U << l;
      if (from[l] % bytes != 0) {
        block.fault(FindingKind::kMisaligned, CUDA_ERROR_MISALIGNED_ADDRESS, w, i, l,
                    "source address " + std::to_string(from[l]));
      }
      std::memcpy(copy.data, read_bytes(w, i, l, from[l], read), read);
    }
    uint64_t shared = to[l];
    resolve_generic(&shared);
    if (shared % bytes != 0) {
      block.fault(FindingKind::kMisaligned, CUDA_ERROR_MISALIGNED_ADDRESS, w, i, l,
                  "shared address " + std::to_string(shared));
    }
    if (shared > block.shared_bytes() || bytes > block.shared_bytes() - shared) {
      block.fault(FindingKind::kBounds, CUDA_ERROR_ILLEGAL_ADDRESS, w, i, l,
                  "shared address " + std::to_string(shared));
    }
    copy.destination = static_cast<uint32_t>(shared);
    to[l] = shared;
    const Hazard hazard = block.shared_shadow().start_copy(shared, bytes, block.shared_agent(w));
    if (hazard != Hazard::kNone) {
      block.report(hazard, w, i, l, "shared address " + std::to_string(shared));
    }
    std::memset(block.shared() + shared, kPoison, bytes);
    w.copies.push_back(copy);
  });
  count_shared(w, mask, to, bytes);
  if (reading != 0) count_global(w, reading, from, bytes);
}

void run_commit(Warp& w, const Instruction&, uint32_t mask) {
  for_lanes(mask, [&](int32_t l) { ++w.committed[static_cast<size_t>(l)]; });
}

// option: groups that may stay under way.
void land(Warp& w, uint32_t mask, uint32_t under_way, bool uncommitted_too) {
  Block& block = w.block;
  const auto landed = [&](const AsyncCopy& copy) {
    if ((mask >> copy.lane & 1) == 0) return false;
    const uint32_t committed = w.committed[copy.lane];
    if (!uncommitted_too && copy.group + under_way >= committed) return false;
    std::memcpy(block.shared() + copy.destination, copy.data, copy.bytes);
    block.shared_shadow().land_copy(copy.destination, copy.bytes, block.shared_agent(w));
    return true;
  };
  w.copies.erase(std::remove_if(w.copies.begin(), w.copies.end(), landed), w.copies.end());
}
void run_wait(Warp& w, const Instruction& i, uint32_t mask) {
  land(w, mask, i.option, false);
}
void run_wait_all(Warp& w, const Instruction&, uint32_t mask) {
  land(w, mask, 0, true);
}

void copy(Decoder& d) {
  d.take_one_of({"cg", "ca"});
  d.take_one_of({"shared", "shared::cta"});
  d.take_one_of({"global"});
  d.take_memory_hints();
  d.address(1);
  const Instruction source = d.out();
  d.out().sources = 0;
  d.address(0);
  d.out().s[1] = source.s[0];
  d.out().offset2 = source.offset;
  d.out().wide_address2 = source.wide_address;
  d.out().sources = 2;
  d.out().option = static_cast<uint32_t>(d.constant(2));
  if (d.operands() > 3) d.source(3, Type::kB32);
  if (d.operands() > 4) d.fail("too many operands");
  d.out().execute = run_copy;
}

void async(Decoder& d) {
  if (!d.take("async")) d.fail("unsupported copy");
  d.out().kind = Class::kCopyAsync;
  if (d.take("commit_group")) {
    d.out().execute = run_commit;
  } else if (d.take("wait_group")) {
    d.out().option = static_cast<uint32_t>(d.constant(0));
    d.out().execute = run_wait;
  } else if (d.take("wait_all")) {
    d.out().execute = run_wait_all;
  } else {
    copy(d);
  }
}

}  // namespace

void add_async(DecodeTable& table) {
  table["cp"] = async;
}

}  // namespace pawl::softgpu
