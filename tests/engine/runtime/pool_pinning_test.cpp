// Proves that pinning is all or nothing: workers keep to one processor each where there are enough,
// and none is pinned where there are more threads than processors.
#include <gtest/gtest.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <vector>

#include "engine/runtime/cpu/thread_pool.h"
#include "platform/processors.h"

namespace pawl::engine {
namespace {

int processors_of_this_thread() {
  cpu_set_t set;
  CPU_ZERO(&set);
  EXPECT_EQ(sched_getaffinity(0, sizeof(set), &set), 0);
  return CPU_COUNT(&set);
}

// Processors that each member may use: every part waits until all have begun, one a member.
std::vector<int> processors_of_members(ThreadPool* pool) {
  struct Meeting {
    std::atomic<int32_t> met{0};
    int32_t threads;
    std::vector<int> allowed;
  };
  Meeting meeting{.threads = pool->threads(), .allowed = {}};
  meeting.allowed.resize(static_cast<size_t>(pool->threads()));
  const int32_t parts[] = {pool->threads()};
  ThreadPool::Turn(pool).run({.run =
                                  [](void* context, int32_t, int32_t part) {
                                    auto& m = *static_cast<Meeting*>(context);
                                    m.met.fetch_add(1);
                                    while (m.met.load() < m.threads) sched_yield();
                                    m.allowed[static_cast<size_t>(part)] =
                                        processors_of_this_thread();
                                  },
                              .context = &meeting,
                              .parts = parts});
  return meeting.allowed;
}

TEST(PoolPinning, AllOrNothing) {
  const auto processors = static_cast<int32_t>(platform::usable_processors().order.size());
  const int all = processors_of_this_thread();
  if (processors < 2 || processors > 200) GTEST_SKIP() << processors << " processors";
  for (const int32_t threads : {2, processors, processors + 1, processors + 5}) {
    for (const bool pin : {false, true}) {
      const auto pool = ThreadPool::create({.threads = threads, .pin = pin});
      ASSERT_TRUE(pool.ok());
      std::vector<int> allowed = processors_of_members(pool.value().get());
      const auto pinned = std::count(allowed.begin(), allowed.end(), 1);
      const auto free = std::count(allowed.begin(), allowed.end(), all);
      const bool applies = pin && threads <= processors;
      EXPECT_EQ(pinned, applies ? threads - 1 : 0) << threads << " threads";  // not the caller
      EXPECT_EQ(free, applies ? 1 : threads) << threads << " threads";
    }
  }
}

}  // namespace
}  // namespace pawl::engine
