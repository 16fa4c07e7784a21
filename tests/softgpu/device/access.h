// Access of a warp's lanes to memory: bounds, alignment, order (shadow.h), and what it costs.
#pragma once

#include <cstdint>

#include "tests/softgpu/device/block.h"

namespace pawl::softgpu {

enum class Space : uint8_t { kGlobal, kShared, kLocal, kGeneric, kParam };
enum class Touch : uint8_t { kRead, kWrite, kAtomic };

inline uint64_t lane_address(Warp& w, const Instruction& i, int32_t lane) {
  const uint64_t base =
      i.wide_address ? w.at<uint64_t>(i.s[0])[lane] : uint64_t{w.at<uint32_t>(i.s[0])[lane]};
  return base + static_cast<uint64_t>(i.offset);
}

// Where the bytes lie on the host. What is wrong is reported; what a device would stop at throws.
uint8_t* touch(Warp& w, const Instruction& i, int32_t lane, Space space, uint64_t address,
               uint32_t bytes, Touch how);
// A read of global memory in any number of bytes at any address.
uint8_t* read_bytes(Warp& w, const Instruction& i, int32_t lane, uint64_t address, uint32_t bytes);
// The space that a generic address is in; `address` becomes the address there.
Space resolve_generic(uint64_t* address);

// Counters of one warp instruction. `addresses` of the lanes of the mask, in shared memory or global.
void count_shared(Warp& w, uint32_t mask, const uint64_t* addresses, uint32_t bytes);
void count_global(Warp& w, uint32_t mask, const uint64_t* addresses, uint32_t bytes);

}  // namespace pawl::softgpu
