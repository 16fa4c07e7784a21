// Global memory: allocations with exact bounds. Between two lie at least 4 KiB that belong to
// nobody, so an access past the end never lands in a neighbour.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/softgpu/device/shadow.h"

namespace pawl::softgpu {

// Not at 0 in the low half: a global address that was cut to 32 bits is no shared one.
inline constexpr uint64_t kGlobalWindow = (uint64_t{0x20} << 40) + 0x40000000;
inline constexpr uint64_t kSharedWindow = uint64_t{0x70} << 40;  // generic addresses of these two
inline constexpr uint64_t kLocalWindow = uint64_t{0x71} << 40;
inline constexpr uint64_t kWindowBytes = uint64_t{1} << 40;
inline constexpr uint8_t kPoison = 0xCB;

struct Allocation {
  uint64_t address;
  size_t bytes;
  uint8_t* data;  // owned, or the host's where memory is mapped
  std::unique_ptr<uint8_t[]> storage;
  Shadow shadow;

  bool holds(uint64_t at, size_t size) const {
    return at >= address && at - address <= bytes && size <= bytes - (at - address);
  }
};

class DeviceMemory {
 public:
  explicit DeviceMemory(size_t bytes_max) : bytes_max_(bytes_max) {}

  // Poisoned. Null where it does not fit.
  Allocation* allocate(size_t bytes);
  // Memory of the host that the device may touch; the host keeps it.
  Allocation* map_host(void* data, size_t bytes);
  // False if nothing was allocated at exactly this address.
  bool free(uint64_t address);
  // Null if no allocation holds all of it.
  Allocation* find(uint64_t address, size_t bytes);
  // "12 bytes past the end of 400 at 0x..." for a message.
  std::string describe(uint64_t address) const;

  size_t bytes_max() const { return bytes_max_; }
  size_t bytes_used() const { return bytes_used_; }
  size_t allocations() const { return allocations_.size(); }

 private:
  Allocation* place(size_t bytes, uint8_t* host);

  size_t bytes_max_, bytes_used_ = 0;
  uint64_t next_ = kGlobalWindow;
  std::vector<std::unique_ptr<Allocation>> allocations_;  // ascending
};

}  // namespace pawl::softgpu
