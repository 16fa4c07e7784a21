// Packs buffers with known lifetimes into one arena.
//
// Greedy by size: the largest buffer first, each at the lowest offset where it overlaps no placed
// buffer that lives at the same time. Optimal packing is NP-hard; on the models measured this lands
// within a few percent of the lower bound (the largest sum of simultaneously live bytes).
#pragma once

#include <cstdint>
#include <span>

namespace pawl::engine {

inline constexpr int64_t kArenaAlignment = 64;

struct ArenaBuffer {
  int64_t bytes = 0;
  int32_t first = 0;   // step that writes it first; -1: before the first step
  int32_t last = 0;    // step that reads it last, inclusive
  int64_t offset = 0;  // result
};

// Sets every offset; returns the bytes of the arena.
int64_t pack_arena(std::span<ArenaBuffer> buffers);

}  // namespace pawl::engine
