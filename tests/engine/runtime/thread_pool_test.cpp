// Proves that every member runs every task once, that the barrier separates, that no wake-up is
// lost however long workers slept, and that parked workers use no processor.
#include "engine/runtime/thread_pool.h"

#include <gtest/gtest.h>
#include <time.h>

#include <array>
#include <chrono>
#include <thread>

namespace pawl::engine {
namespace {

constexpr int32_t kMembersMax = 8;

struct Counts {
  ThreadPool* pool = nullptr;
  std::array<int64_t, kMembersMax> runs{};  // one writer each, read between runs
  int64_t barriers = 0;
  std::array<int64_t, kMembersMax> step{};  // written before a barrier, read after it
  bool separated = true;
};

void count_run(void* context, int32_t thread) {
  ++static_cast<Counts*>(context)->runs[static_cast<size_t>(thread)];
}

// Every member states its step, all meet, every member checks all others' steps, all meet.
void step_in_line(void* context, int32_t thread) {
  auto* counts = static_cast<Counts*>(context);
  bool separated = true;
  for (int64_t i = 1; i <= counts->barriers; ++i) {
    counts->step[static_cast<size_t>(thread)] = i;
    counts->pool->barrier();
    for (int32_t t = 0; t < counts->pool->threads(); ++t) {
      separated = separated && counts->step[static_cast<size_t>(t)] == i;
    }
    counts->pool->barrier();
  }
  ++counts->runs[static_cast<size_t>(thread)];
  if (!separated) counts->separated = false;
}

TEST(ThreadPool, EveryMemberRunsEveryTask) {
  for (int32_t threads = 1; threads <= kMembersMax; ++threads) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.threads(), threads);
    Counts counts;
    constexpr int64_t kRuns = 600;
    for (int64_t run = 1; run <= kRuns; ++run) {
      pool.run(count_run, &counts);
      for (int32_t t = 0; t < threads; ++t) {
        ASSERT_EQ(counts.runs[static_cast<size_t>(t)], run) << t << " of " << threads;
      }
    }
    for (int32_t t = threads; t < kMembersMax; ++t) {
      EXPECT_EQ(counts.runs[static_cast<size_t>(t)], 0);
    }
  }
}

TEST(ThreadPool, BarrierSeparates) {
  for (int32_t threads = 1; threads <= kMembersMax; ++threads) {
    ThreadPool pool(threads);
    Counts counts;
    counts.pool = &pool;
    counts.barriers = 40;
    for (int run = 0; run < 12; ++run) pool.run(step_in_line, &counts);
    EXPECT_TRUE(counts.separated) << threads << " threads";
    EXPECT_EQ(counts.runs[0], 12);
  }
}

TEST(ThreadPool, WakesParkedWorkers) {
  for (const int32_t threads : {2, 3, 8}) {
    ThreadPool pool(threads);
    Counts counts;
    counts.pool = &pool;
    counts.barriers = 3;
    for (int run = 1; run <= 60; ++run) {
      // Around the moment at which spinning turns into sleep, and well after it.
      std::this_thread::sleep_for(std::chrono::microseconds(run % 6 == 0 ? 5000 : run * 3));
      pool.run(step_in_line, &counts);
      ASSERT_EQ(counts.runs[static_cast<size_t>(threads - 1)], run);
    }
    EXPECT_TRUE(counts.separated);
  }
}

TEST(ThreadPool, CreatedAndDestroyedWithAndWithoutWork) {
  for (int round = 0; round < 60; ++round) {
    ThreadPool pool(1 + round % kMembersMax);
    if (round % 3 == 0) continue;
    Counts counts;
    pool.run(count_run, &counts);
    EXPECT_EQ(counts.runs[0], 1);
  }
}

TEST(ThreadPool, ManyPoolsAtOnce) {
  std::array<std::thread, 3> cameras;
  std::array<bool, 3> separated{};
  for (size_t i = 0; i < cameras.size(); ++i) {
    cameras[i] = std::thread([&separated, i] {
      ThreadPool pool(2 + static_cast<int32_t>(i));
      Counts counts;
      counts.pool = &pool;
      counts.barriers = 10;
      for (int run = 0; run < 20; ++run) pool.run(step_in_line, &counts);
      separated[i] = counts.separated && counts.runs[0] == 20;
    });
  }
  for (std::thread& camera : cameras) camera.join();
  for (const bool ok : separated) EXPECT_TRUE(ok);
}

double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

TEST(ThreadPool, IdleWorkersCostNothing) {
  ThreadPool pool(kMembersMax);
  Counts counts;
  pool.run(count_run, &counts);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));  // they park
  const double before = processor_seconds();
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_LT(processor_seconds() - before, 0.03);  // seven spinning workers would use seconds
}

}  // namespace
}  // namespace pawl::engine
