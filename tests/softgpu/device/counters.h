// What a profiler would count, for each kernel.
#pragma once

#include <array>
#include <cstdint>

namespace pawl::softgpu {

enum class Class : uint8_t {
  kInteger,
  kFloat,
  kHalf,
  kSpecial,
  kConvert,
  kMove,
  kControl,
  kParam,
  kLoadGlobal,
  kStoreGlobal,
  kLoadShared,
  kStoreShared,
  kLocal,
  kCopyAsync,
  kMatrixLoad,
  kMatrix,
  kShuffle,
  kAtomic,
  kBarrier,
};
inline constexpr size_t kClasses = 19;

struct Counters {
  int64_t launches = 0;
  std::array<int64_t, kClasses> warp_instructions{};
  int64_t multiply_adds = 0;            // of mma, issued
  int64_t bank_conflicts = 0;           // passes over shared memory beyond the first
  int64_t global_requests = 0;          // warp instructions that touch global memory
  int64_t global_sectors = 0;           // 32-byte sectors they touch
  int64_t global_sectors_ideal = 0;     // as few as hold that many bytes
  int64_t global_sectors_distinct = 0;  // as few as hold them once: lanes that read the same share
  int64_t global_bytes = 0;
};

}  // namespace pawl::softgpu
