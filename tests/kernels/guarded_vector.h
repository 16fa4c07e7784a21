// A vector for kernel tests that ends at an unreadable page: a kernel that touches one element too
// many faults, under an emulator as well. Its elements start wherever that puts them. Where
// AddressSanitizer watches, it is an ordinary vector: the sanitizer sees both ends.
#pragma once

#include <cstddef>
#include <vector>

#if !defined(__SANITIZE_ADDRESS__)
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#endif

namespace pawl::kernels {

#if defined(__SANITIZE_ADDRESS__)

template <class T>
using GuardedVector = std::vector<T>;

#else

template <class T>
class GuardedAllocator {
 public:
  using value_type = T;
  GuardedAllocator() = default;
  template <class U>
  explicit GuardedAllocator(const GuardedAllocator<U>&) {}

  T* allocate(size_t count) {
    const size_t bytes = bytes_of(count);
    void* base = mmap(nullptr, bytes + page(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED || mprotect(base, bytes, PROT_READ | PROT_WRITE) != 0) std::abort();
    return static_cast<T*>(base) + (bytes / sizeof(T) - count);
  }
  void deallocate(T* data, size_t count) {
    const size_t bytes = bytes_of(count);
    munmap(data - (bytes / sizeof(T) - count), bytes + page());
  }
  friend bool operator==(const GuardedAllocator&, const GuardedAllocator&) { return true; }

 private:
  static size_t page() { return static_cast<size_t>(sysconf(_SC_PAGESIZE)); }
  static size_t bytes_of(size_t count) {
    static_assert((sizeof(T) & (sizeof(T) - 1)) == 0, "elements fill a page");
    return (count * sizeof(T) + page() - 1) / page() * page();
  }
};

template <class T>
using GuardedVector = std::vector<T, GuardedAllocator<T>>;

#endif

}  // namespace pawl::kernels
