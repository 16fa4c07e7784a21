#include "tests/softgpu/device/memory.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace pawl::softgpu {
namespace {
constexpr uint64_t kAlign = 256;  // what cuMemAlloc promises
constexpr uint64_t kGap = 4096;
}  // namespace

Allocation* DeviceMemory::place(size_t bytes, uint8_t* host) {
  auto made = std::make_unique<Allocation>(
      Allocation{next_, bytes, host, nullptr,
                 Shadow(bytes, host == nullptr ? Shadow::kUnwritten : Shadow::kHost)});
  if (host == nullptr) {
    made->storage.reset(new uint8_t[bytes]);
    made->data = made->storage.get();
    std::memset(made->data, kPoison, bytes);
  }
  next_ += (bytes + kGap + kAlign - 1) / kAlign * kAlign;
  allocations_.push_back(std::move(made));
  return allocations_.back().get();
}

Allocation* DeviceMemory::allocate(size_t bytes) {
  if (bytes == 0 || bytes > bytes_max_ - bytes_used_) return nullptr;
  bytes_used_ += bytes;
  return place(bytes, nullptr);
}

Allocation* DeviceMemory::map_host(void* data, size_t bytes) {
  return place(bytes, static_cast<uint8_t*>(data));
}

bool DeviceMemory::free(uint64_t address) {
  const auto found = std::find_if(allocations_.begin(), allocations_.end(),
                                  [&](const auto& a) { return a->address == address; });
  if (found == allocations_.end()) return false;
  if ((*found)->storage != nullptr) bytes_used_ -= (*found)->bytes;
  allocations_.erase(found);
  return true;
}

Allocation* DeviceMemory::find(uint64_t address, size_t bytes) {
  const auto after = std::upper_bound(allocations_.begin(), allocations_.end(), address,
                                      [](uint64_t at, const auto& a) { return at < a->address; });
  if (after == allocations_.begin()) return nullptr;
  Allocation* candidate = std::prev(after)->get();
  return candidate->holds(address, bytes) ? candidate : nullptr;
}

std::string DeviceMemory::describe(uint64_t address) const {
  char text[160];
  const auto after = std::upper_bound(allocations_.begin(), allocations_.end(), address,
                                      [](uint64_t at, const auto& a) { return at < a->address; });
  if (after == allocations_.begin()) {
    std::snprintf(text, sizeof(text), "0x%llx, in no allocation",
                  static_cast<unsigned long long>(address));
    return text;
  }
  const Allocation& a = **std::prev(after);
  std::snprintf(text, sizeof(text), "0x%llx, offset %llu of an allocation of %zu bytes",
                static_cast<unsigned long long>(address),
                static_cast<unsigned long long>(address - a.address), a.bytes);
  return text;
}

}  // namespace pawl::softgpu
