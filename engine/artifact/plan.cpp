#include "engine/artifact/plan.h"

#include <cstring>

namespace pawl::engine {

uint64_t Plan::add_weights(const void* bytes, size_t count) {
  constexpr size_t kBlockAlignment = 64;  // a cache line, and the widest vector load
  const size_t offset = (weights.size() + kBlockAlignment - 1) / kBlockAlignment * kBlockAlignment;
  weights.resize(offset + count);
  if (count > 0) std::memcpy(weights.data() + offset, bytes, count);
  return offset;
}

}  // namespace pawl::engine
