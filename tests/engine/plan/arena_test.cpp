// Proves that pack_arena never lets two buffers that live at the same time overlap, keeps the
// alignment, states an arena that holds everything, and is close to the lower bound.
#include "engine/plan/arena.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace pawl::engine {
namespace {

// The largest sum of bytes that live at the same time: no packing needs less.
int64_t lower_bound_bytes(const std::vector<ArenaBuffer>& buffers) {
  int64_t most = 0;
  for (const ArenaBuffer& at : buffers) {
    int64_t live = 0;
    for (const ArenaBuffer& b : buffers) {
      if (b.first <= at.first && at.first <= b.last) live += b.bytes;
    }
    most = std::max(most, live);
  }
  return most;
}

void expect_packed(const std::vector<ArenaBuffer>& buffers, int64_t arena) {
  for (size_t i = 0; i < buffers.size(); ++i) {
    const ArenaBuffer& a = buffers[i];
    ASSERT_GE(a.offset, 0);
    ASSERT_EQ(a.offset % kArenaAlignment, 0);
    ASSERT_LE(a.offset + a.bytes, arena);
    for (size_t j = 0; j < i; ++j) {
      const ArenaBuffer& b = buffers[j];
      const bool together = a.first <= b.last && b.first <= a.last;
      const bool overlap = a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
      ASSERT_FALSE(together && overlap) << "buffers " << i << " and " << j;
    }
  }
}

TEST(Arena, RandomLifetimes) {
  std::mt19937 random(1);
  const auto pick = [&random](int low, int high) {
    return std::uniform_int_distribution<int>(low, high)(random);
  };
  double worst = 0.0;
  for (int trial = 0; trial < 4000; ++trial) {
    const int steps = pick(1, 60);
    std::vector<ArenaBuffer> buffers(static_cast<size_t>(pick(1, 40)));
    for (ArenaBuffer& buffer : buffers) {
      buffer.bytes = pick(0, 9) == 0 ? pick(1, 100000) : pick(1, 500);
      buffer.first = pick(-1, steps);
      buffer.last = std::min(steps, buffer.first + pick(0, pick(0, 9) == 0 ? steps : 4));
      buffer.offset = -12345;  // poison
    }
    const int64_t arena = pack_arena(buffers);
    expect_packed(buffers, arena);
    const int64_t bound = lower_bound_bytes(buffers);
    ASSERT_GE(arena, bound);
    // Small buffers are dominated by alignment; the claim is about large ones.
    if (bound > 50000) {
      worst = std::max(worst, static_cast<double>(arena) / static_cast<double>(bound));
    }
    if (HasFatalFailure()) return;
  }
  EXPECT_LT(worst, 1.6);
}

TEST(Arena, BuffersThatFollowEachOtherShare) {
  std::vector<ArenaBuffer> buffers;
  for (int i = 0; i < 10; ++i) {
    buffers.push_back(ArenaBuffer{.bytes = 1000, .first = 2 * i, .last = 2 * i + 1});
  }
  EXPECT_EQ(pack_arena(buffers), 1024);
}

TEST(Arena, LastReaderAndNextWriterOfAStepDoNotShare) {
  std::vector<ArenaBuffer> buffers = {{.bytes = 64, .first = 0, .last = 3},
                                      {.bytes = 64, .first = 3, .last = 4}};
  EXPECT_EQ(pack_arena(buffers), 128);
  expect_packed(buffers, 128);
}

TEST(Arena, Empty) {
  std::vector<ArenaBuffer> none;
  EXPECT_EQ(pack_arena(none), 0);
}

}  // namespace
}  // namespace pawl::engine
