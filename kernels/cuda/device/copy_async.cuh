// Copies from global to shared memory that run behind the thread (sm_80). A thread commits what it
// has started as a group and waits until no more than so many of its youngest groups are under way;
// a barrier then shows the data to the others.
#pragma once

#include <cstdint>

namespace pawl::kernels::cuda {

__device__ inline uint32_t shared_address(const void* pointer) {
  return static_cast<uint32_t>(__cvta_generic_to_shared(pointer));
}

// 16 bytes at `to`: the first `bytes` (0 to 16) from `from`, the rest zero. `from` must be a 16-byte
// aligned address even where nothing is read.
__device__ inline void copy_async_16(uint32_t to, const void* from, int32_t bytes) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(from), "r"(bytes)
               : "memory");
}
__device__ inline void copy_async_commit() {
  asm volatile("cp.async.commit_group;" ::: "memory");
}
template <int kGroups>
__device__ inline void copy_async_wait() {
  asm volatile("cp.async.wait_group %0;" ::"n"(kGroups) : "memory");
}

}  // namespace pawl::kernels::cuda
