#include "engine/plan/arena.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace pawl::engine {
namespace {

int64_t aligned(int64_t bytes) {
  return (bytes + kArenaAlignment - 1) / kArenaAlignment * kArenaAlignment;
}

bool live_together(const ArenaBuffer& a, const ArenaBuffer& b) {
  return a.first <= b.last && b.first <= a.last;
}

}  // namespace

int64_t pack_arena(std::span<ArenaBuffer> buffers) {
  std::vector<size_t> order(buffers.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return buffers[a].bytes > buffers[b].bytes; });
  std::vector<size_t> placed;  // by ascending offset
  int64_t arena = 0;
  for (const size_t index : order) {
    ArenaBuffer& buffer = buffers[index];
    int64_t offset = 0;
    for (const size_t other : placed) {
      const ArenaBuffer& b = buffers[other];
      if (!live_together(buffer, b)) continue;
      if (offset + buffer.bytes <= b.offset) break;  // the gap before b is wide enough
      offset = std::max(offset, aligned(b.offset + b.bytes));
    }
    buffer.offset = offset;
    arena = std::max(arena, aligned(offset + buffer.bytes));
    const auto at = std::upper_bound(placed.begin(), placed.end(), offset,
                                     [&](int64_t o, size_t p) { return o < buffers[p].offset; });
    placed.insert(at, index);
  }
  return arena;
}

}  // namespace pawl::engine
