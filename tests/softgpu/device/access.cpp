#include "tests/softgpu/device/access.h"

#include <algorithm>

#include "engine/runtime/cuda/driver_types.h"
#include "tests/softgpu/device/lanes.h"

namespace pawl::softgpu {
using namespace cuda;

namespace {

Hazard note(Shadow& shadow, size_t at, uint32_t bytes, Agent agent, Touch how) {
  if (how == Touch::kRead) return shadow.read(at, bytes, agent);
  if (how == Touch::kWrite) return shadow.write(at, bytes, agent);
  return shadow.atomic(at, bytes, agent);
}

uint8_t* touch_shared(Warp& w, const Instruction& i, int32_t lane, uint64_t address, uint32_t bytes,
                      Touch how) {
  Block& block = w.block;
  if (address > block.shared_bytes() || bytes > block.shared_bytes() - address) {
    block.fault(FindingKind::kBounds, CUDA_ERROR_ILLEGAL_ADDRESS, w, i, lane,
                "shared address " + std::to_string(address) + " of " +
                    std::to_string(block.shared_bytes()));
  }
  const Hazard hazard = note(block.shared_shadow(), address, bytes, block.shared_agent(w), how);
  if (hazard != Hazard::kNone) {
    block.report(hazard, w, i, lane, "shared address " + std::to_string(address));
  }
  return block.shared() + address;
}

uint8_t* touch_global(Warp& w, const Instruction& i, int32_t lane, uint64_t address, uint32_t bytes,
                      Touch how) {
  Block& block = w.block;
  Launch& launch = block.launch();
  if (launch.last == nullptr || !launch.last->holds(address, bytes)) {
    launch.last = launch.memory.find(address, bytes);
    if (launch.last == nullptr) {
      block.fault(FindingKind::kBounds, CUDA_ERROR_ILLEGAL_ADDRESS, w, i, lane,
                  launch.memory.describe(address));
    }
  }
  Allocation& a = *launch.last;
  const size_t at = address - a.address;
  const Hazard hazard = note(a.shadow, at, bytes, block.global_agent(), how);
  if (hazard != Hazard::kNone) {
    block.report(hazard, w, i, lane, launch.memory.describe(address));
  }
  return a.data + at;
}

uint8_t* touch_local(Warp& w, const Instruction& i, int32_t lane, uint64_t address, uint32_t bytes,
                     Touch how) {
  const uint32_t size = w.block.program().local_bytes;
  if (address > size || bytes > size - address) {
    w.block.fault(FindingKind::kBounds, CUDA_ERROR_ILLEGAL_ADDRESS, w, i, lane,
                  "local address " + std::to_string(address) + " of " + std::to_string(size));
  }
  const size_t at = static_cast<size_t>(lane) * size + address;
  if (how != Touch::kRead) {
    std::fill_n(w.local_written + at, bytes, uint8_t{1});
  } else if (std::find(w.local_written + at, w.local_written + at + bytes, 0) !=
             w.local_written + at + bytes) {
    w.block.report(FindingKind::kUninitialised, w, i, lane,
                   "local address " + std::to_string(address));
  }
  return w.local + at;
}

}  // namespace

Space resolve_generic(uint64_t* address) {
  if (*address - kSharedWindow < kWindowBytes) {
    *address -= kSharedWindow;
    return Space::kShared;
  }
  if (*address - kLocalWindow < kWindowBytes) {
    *address -= kLocalWindow;
    return Space::kLocal;
  }
  return Space::kGlobal;
}

uint8_t* touch(Warp& w, const Instruction& i, int32_t lane, Space space, uint64_t address,
               uint32_t bytes, Touch how) {
  if (space == Space::kGeneric) space = resolve_generic(&address);
  if (address % bytes != 0) {
    w.block.fault(
        FindingKind::kMisaligned, CUDA_ERROR_MISALIGNED_ADDRESS, w, i, lane,
        "address " + std::to_string(address) + " for " + std::to_string(bytes) + " bytes");
  }
  switch (space) {
    case Space::kShared:
      return touch_shared(w, i, lane, address, bytes, how);
    case Space::kLocal:
      return touch_local(w, i, lane, address, bytes, how);
    default:
      return touch_global(w, i, lane, address, bytes, how);
  }
}

uint8_t* read_bytes(Warp& w, const Instruction& i, int32_t lane, uint64_t address, uint32_t bytes) {
  return touch_global(w, i, lane, address, bytes, Touch::kRead);
}

// 32 banks of 4 bytes; lanes of a pass move 128 bytes, those that read one word share it.
void count_shared(Warp& w, uint32_t mask, const uint64_t* addresses, uint32_t bytes) {
  const int32_t lanes_in_pass = bytes <= 4 ? 32 : 128 / static_cast<int32_t>(bytes);
  for (int32_t first = 0; first < kLanes; first += lanes_in_pass) {
    uint64_t words[32][32];
    uint8_t count[32] = {};
    uint8_t most = 1;
    for (int32_t lane = first; lane < first + lanes_in_pass; ++lane) {
      if ((mask >> lane & 1) == 0) continue;
      for (uint64_t word = addresses[lane] / 4; word <= (addresses[lane] + bytes - 1) / 4; ++word) {
        uint64_t* in_bank = words[word % 32];
        uint8_t& n = count[word % 32];
        if (std::find(in_bank, in_bank + n, word) != in_bank + n) continue;
        in_bank[n++] = word;
        most = std::max(most, n);
      }
    }
    w.block.counters().bank_conflicts += most - 1;
  }
}

void count_global(Warp& w, uint32_t mask, const uint64_t* addresses, uint32_t bytes) {
  uint64_t sectors[64], places[kLanes], highest = 0;
  size_t count = 0;
  int64_t distinct = 0, lanes = 0;
  for_lanes(mask, [&](int32_t lane) {
    ++lanes;
    const uint64_t address = addresses[lane], sector = address / 32;
    // Lanes mostly ascend, so a search is rare.
    if (address > highest || std::find(places, places + distinct, address) == places + distinct) {
      places[distinct++] = address;
      highest = std::max(highest, address);
    }
    // Neighbours mostly share one: look from the newest back.
    for (size_t k = count; k > 0; --k) {
      if (sectors[k - 1] == sector) return;
    }
    sectors[count++] = sector;
  });
  Counters& counters = w.block.counters();
  ++counters.global_requests;
  counters.global_sectors += static_cast<int64_t>(count);
  counters.global_sectors_ideal += (lanes * bytes + 31) / 32;
  counters.global_sectors_distinct += (distinct * bytes + 31) / 32;
  counters.global_bytes += lanes * bytes;
}

}  // namespace pawl::softgpu
