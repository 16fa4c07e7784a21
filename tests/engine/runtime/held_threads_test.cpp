// Proves that any single member of a thread pool finishes a stage whose other members are not
// there: each takes the parts of those before it and behind it. Members are held by a signal
// between two stages, as a scheduler that gives their core away would hold them.
#include <gtest/gtest.h>
#include <pthread.h>
#include <sched.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <thread>

#include "engine/runtime/cpu/thread_pool.h"

namespace pawl::engine {
namespace {

constexpr int32_t kThreadsMost = 5;
constexpr std::chrono::seconds kPatience{20};  // only a pool that fails needs it

std::atomic<int32_t> held{0}, let_go{0};
std::atomic<bool> released{false};

// Atomics and sched_yield() are all it needs, which a handler may use.
void hold(int /*signal*/) {
  held.fetch_add(1);
  while (!released.load()) sched_yield();
  let_go.fetch_add(1);
}

// Stage 0 meets all members, a part each. Stage 1 is the one member's that ended it, when no other
// has anything left to do: it holds them. Stage 2 has `parts` parts for this survivor alone.
class HeldStage {
 public:
  HeldStage(int32_t threads, int32_t last, int32_t parts)
      : threads_(threads), last_(last), stages_{threads, 1, parts} {}

  void run(ThreadPool* pool) {
    // Lets the others go where the survivor does not do their work.
    std::atomic<bool> over{false};
    std::thread watchman([this, &over] {
      while (!over.load() && patient()) sched_yield();
      released.store(true);
    });
    ThreadPool::Turn(pool).run(
        {.run = [](void* context, int32_t stage,
                   int32_t part) { static_cast<HeldStage*>(context)->one(stage, part); },
         .context = this,
         .parts = stages_});
    over.store(true);
    watchman.join();
  }

  int32_t survivor() const { return survivor_; }

  // True if the survivor ran each part once.
  bool alone() const {
    for (int32_t part = 0; part < stages_[2]; ++part) {
      const auto p = static_cast<size_t>(part);
      if (ran_[p] != 1 || pthread_equal(by_[p], member_[static_cast<size_t>(survivor_)]) == 0) {
        return false;
      }
    }
    return true;
  }

 private:
  bool patient() const { return std::chrono::steady_clock::now() < end_; }

  void one(int32_t stage, int32_t part) {
    const auto p = static_cast<size_t>(part);
    if (stage == 0) {
      member_[p] = pthread_self();
      met_.fetch_add(1);
      while (met_.load() < threads_ && patient()) sched_yield();
      // Most often the one that leaves last ends the stage.
      while (part == last_ && left_.load() < threads_ - 1 && patient()) sched_yield();
      for (int i = 0; part == last_ && i < 100; ++i) sched_yield();
      left_.fetch_add(1);
    } else if (stage == 1) {
      for (int32_t t = 0; t < threads_; ++t) {
        const pthread_t member = member_[static_cast<size_t>(t)];
        if (pthread_equal(member, pthread_self()) != 0) {
          survivor_ = t;
        } else {
          pthread_kill(member, SIGUSR1);
        }
      }
      while (held.load() < threads_ - 1 && patient()) sched_yield();
    } else {
      by_[p] = pthread_self();
      ran_[p].fetch_add(1);
      if (done_.fetch_add(1) + 1 == stages_[2]) released.store(true);
    }
  }

  const int32_t threads_, last_;
  const std::array<int32_t, 3> stages_;
  const std::chrono::steady_clock::time_point end_ = std::chrono::steady_clock::now() + kPatience;
  std::atomic<int32_t> met_{0}, left_{0}, done_{0};
  int32_t survivor_ = -1;
  std::array<pthread_t, kThreadsMost> member_{}, by_{};
  std::array<std::atomic<int32_t>, kThreadsMost> ran_{};
};

TEST(HeldThreads, OneMemberFinishesAlone) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "ThreadSanitizer delays signals";
#endif
  struct sigaction action {
  }, before{};
  action.sa_handler = hold;
  action.sa_flags = SA_RESTART;
  ASSERT_EQ(sigaction(SIGUSR1, &action, &before), 0);
  for (int32_t threads = 2; threads <= kThreadsMost; ++threads) {
    const auto pool = ThreadPool::create({.threads = threads});
    ASSERT_TRUE(pool.ok());
    for (int32_t wanted = 0; wanted < threads; ++wanted) {
      for (int32_t parts = 2; parts <= threads; ++parts) {
        for (int32_t survivor = -1, tries = 0; survivor != wanted; ++tries) {
          ASSERT_LT(tries, 1000) << wanted << " of " << threads << " never ended the first stage";
          held = let_go = 0;
          released = false;
          HeldStage stage(threads, wanted, parts);
          stage.run(pool.value().get());
          survivor = stage.survivor();
          ASSERT_EQ(held.load(), threads - 1) << "the others were not held";
          while (let_go.load() < threads - 1) sched_yield();
          ASSERT_TRUE(stage.alone()) << survivor << " of " << threads << " left some of " << parts
                                     << " parts to the others";
        }
      }
    }
  }
  ASSERT_EQ(sigaction(SIGUSR1, &before, nullptr), 0);
}

}  // namespace
}  // namespace pawl::engine
