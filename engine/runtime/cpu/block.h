// Memory of a session.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

namespace pawl::engine {

// Zeroed bytes on a 64-byte boundary that free themselves. calloc leaves large blocks untouched
// until they are used, so a plan that states a huge arena costs address space, not memory.
class Block {
 public:
  bool allocate(size_t bytes) {
    raw_.reset(static_cast<std::byte*>(std::calloc(bytes + kAlignment, 1)));
    const auto address = reinterpret_cast<uintptr_t>(raw_.get());
    start_ = raw_.get() + (kAlignment - address % kAlignment) % kAlignment;
    return raw_ != nullptr;
  }
  std::byte* get() const { return start_; }

 private:
  static constexpr size_t kAlignment = 64;
  struct Free {
    void operator()(std::byte* bytes) const { std::free(bytes); }
  };
  std::unique_ptr<std::byte, Free> raw_;
  std::byte* start_ = nullptr;
};

}  // namespace pawl::engine
