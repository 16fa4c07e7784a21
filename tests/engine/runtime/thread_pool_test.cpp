// Proves that every part of every stage runs once, that a stage sees all of the stage before it,
// that no wake-up is lost however long workers slept, that a job ends without workers that do not
// show up, that callers take turns in order, and that parked workers use no processor.
#include "engine/runtime/cpu/thread_pool.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <random>
#include <thread>

#include "platform/processors.h"

namespace pawl::engine {
namespace {

constexpr int32_t kThreadsMost = 8;

std::shared_ptr<ThreadPool> pool_of(int32_t threads, bool pin = false) {
  auto pool = ThreadPool::create({.threads = threads, .pin = pin});
  EXPECT_TRUE(pool.ok());
  return std::move(pool).value();
}

// A job of random stages that counts its parts without atomics: what orders them is the pool.
class Counting {
 public:
  Counting(int32_t threads, size_t stages, uint64_t seed) : runs_(stages) {
    std::mt19937_64 random(seed);
    for (size_t s = 0; s < stages; ++s) {
      parts_.push_back(1 + static_cast<int32_t>(random() % static_cast<uint64_t>(threads)));
    }
  }

  ThreadPool::Job job() {
    return {.run =
                [](void* context, int32_t stage, int32_t part) {
                  static_cast<Counting*>(context)->one(static_cast<size_t>(stage),
                                                       static_cast<size_t>(part));
                },
            .context = this,
            .parts = parts_};
  }

  // Every part ran `times` times and always after all of the stage before it.
  bool correct(int64_t times) const {
    for (size_t s = 0; s < parts_.size(); ++s) {
      for (size_t p = 0; p < kThreadsMost; ++p) {
        const bool exists = p < static_cast<size_t>(parts_[s]);
        if (runs_[s][p].count != (exists ? times : 0) || !runs_[s][p].ordered) return false;
      }
    }
    return true;
  }

 private:
  struct Part {
    int64_t count = 0;
    bool ordered = true;
  };

  void one(size_t stage, size_t part) {
    Part& own = runs_[stage][part];
    ++own.count;
    if (stage == 0) return;
    for (size_t p = 0; p < static_cast<size_t>(parts_[stage - 1]); ++p) {
      own.ordered = own.ordered && runs_[stage - 1][p].count == own.count;
    }
  }

  std::vector<int32_t> parts_;
  std::vector<std::array<Part, kThreadsMost>> runs_;
};

TEST(ThreadPool, EveryPartOfEveryStageInOrder) {
  for (int32_t threads = 1; threads <= kThreadsMost; ++threads) {
    const auto pool = pool_of(threads);
    EXPECT_EQ(pool->threads(), threads);
    for (const size_t stages : {0, 1, 2, 40}) {
      Counting counting(threads, stages, static_cast<uint64_t>(threads) * 100 + stages);
      for (int run = 1; run <= 60; ++run) {
        ThreadPool::Turn(pool.get()).run(counting.job());
        ASSERT_TRUE(counting.correct(run)) << threads << " threads, " << stages << " stages";
      }
    }
  }
}

TEST(ThreadPool, SeveralJobsInOneTurn) {
  const auto pool = pool_of(3);
  Counting a(3, 5, 1), b(3, 1, 2), c(1, 9, 3);
  for (int run = 1; run <= 100; ++run) {
    ThreadPool::Turn turn(pool.get());
    for (Counting* counting : {&a, &b, &c}) {
      turn.run(counting->job());
      ASSERT_TRUE(counting->correct(run));
    }
  }
}

TEST(ThreadPool, WakesParkedWorkers) {
  for (const int32_t threads : {2, 3, 8}) {
    const auto pool = pool_of(threads);
    Counting counting(threads, 4, 5);
    for (int run = 1; run <= 60; ++run) {
      // Around the moment at which spinning turns into sleep, and well after it.
      std::this_thread::sleep_for(std::chrono::microseconds(run % 6 == 0 ? 5000 : run * 4));
      ThreadPool::Turn(pool.get()).run(counting.job());
      ASSERT_TRUE(counting.correct(run));
    }
  }
}

// The first part of a stage of two waits until the second has begun; then nobody is left who could
// run the other stages but the one that gets there.
TEST(ThreadPool, PartsOfAStageRunAtOnce) {
  const auto pool = pool_of(2);
  struct Meeting {
    std::atomic<int> arrived{0};
  } meeting;
  const std::array<int32_t, 3> parts{2, 2, 2};
  ThreadPool::Turn(pool.get())
      .run({.run =
                [](void* context, int32_t stage, int32_t) {
                  std::atomic<int>& arrived = static_cast<Meeting*>(context)->arrived;
                  ++arrived;
                  while (arrived < 2 * (stage + 1)) std::this_thread::yield();
                },
            .context = &meeting,
            .parts = parts});
  EXPECT_EQ(meeting.arrived, 6);
}

// A worker that is held up in one part: the caller does all other parts of that stage.
TEST(ThreadPool, OthersTakeWhatAStuckMemberHasNotBegun) {
  const auto pool = pool_of(4);
  struct Stuck {
    std::thread::id caller = std::this_thread::get_id();
    std::atomic<int> workers{0}, others{0};
  } stuck;
  const std::array<int32_t, 1> parts{4};
  ThreadPool::Turn(pool.get())
      .run({.run =
                [](void* context, int32_t, int32_t) {
                  auto& s = *static_cast<Stuck*>(context);
                  // The first worker to come waits until the three other parts are done.
                  if (std::this_thread::get_id() != s.caller && s.workers.fetch_add(1) == 0) {
                    while (s.others < 3) std::this_thread::yield();
                    return;
                  }
                  ++s.others;
                },
            .context = &stuck,
            .parts = parts});
  EXPECT_GE(stuck.others, 3);
}

TEST(ThreadPool, CreatedAndDestroyedWithAndWithoutWork) {
  for (int round = 0; round < 60; ++round) {
    const auto pool = pool_of(1 + round % kThreadsMost, round % 2 == 0);
    if (round % 3 == 0) continue;
    Counting counting(pool->threads(), 3, 7);
    ThreadPool::Turn(pool.get()).run(counting.job());
    EXPECT_TRUE(counting.correct(1));
  }
}

TEST(ThreadPool, ManyPoolsAtOnce) {
  std::array<std::thread, 3> cameras;
  std::array<bool, 3> correct{};
  for (size_t i = 0; i < cameras.size(); ++i) {
    cameras[i] = std::thread([&correct, i] {
      const auto pool = pool_of(2 + static_cast<int32_t>(i));
      Counting counting(pool->threads(), 20, i);
      for (int run = 0; run < 20; ++run) ThreadPool::Turn(pool.get()).run(counting.job());
      correct[i] = counting.correct(20);
    });
  }
  for (std::thread& camera : cameras) camera.join();
  for (const bool ok : correct) EXPECT_TRUE(ok);
}

TEST(ThreadPool, CallersShareOnePool) {
  for (const int32_t threads : {1, 2, 3}) {
    const auto pool = pool_of(threads);
    std::array<std::thread, 4> cameras;
    std::array<bool, 4> correct{};
    for (size_t i = 0; i < cameras.size(); ++i) {
      cameras[i] = std::thread([&, i] {
        Counting counting(threads, 1 + i * 5, i);
        for (int run = 0; run < 50; ++run) ThreadPool::Turn(pool.get()).run(counting.job());
        correct[i] = counting.correct(50);
      });
    }
    for (std::thread& camera : cameras) camera.join();
    for (const bool ok : correct) EXPECT_TRUE(ok) << threads << " threads";
  }
}

TEST(ThreadPool, NeverMoreAtOnceThanItHas) {
  const auto pool = pool_of(2);
  struct Running {
    std::atomic<int> now{0}, most{0};
  } running;
  const std::vector<int32_t> parts(20, 2);
  const auto run = [](void* context, int32_t, int32_t) {
    auto& r = *static_cast<Running*>(context);
    const int now = ++r.now;
    for (int most = r.most; now > most && !r.most.compare_exchange_weak(most, now);) {
    }
    std::this_thread::yield();
    --r.now;
  };
  std::array<std::thread, 5> cameras;
  for (std::thread& camera : cameras) {
    camera = std::thread([&] {
      for (int frame = 0; frame < 20; ++frame) {
        ThreadPool::Turn(pool.get()).run({.run = run, .context = &running, .parts = parts});
      }
    });
  }
  for (std::thread& camera : cameras) camera.join();
  EXPECT_LE(running.most, 2);
  EXPECT_EQ(running.now, 0);
}

// Each camera asks again as soon as it was served; with turns in order nobody is served twice while
// another waits.
TEST(ThreadPool, TurnsComeInTheOrderOfTheCalls) {
  const auto pool = pool_of(2);
  constexpr size_t kCameras = 3, kFrames = 40;
  std::vector<size_t> served;  // written in turns only
  std::atomic<size_t> waiting{0};
  std::array<std::thread, kCameras> cameras;
  {
    const ThreadPool::Turn everybody_queues_behind_this(pool.get());
    for (size_t i = 0; i < kCameras; ++i) {
      cameras[i] = std::thread([&, i] {
        ++waiting;
        for (size_t frame = 0; frame < kFrames; ++frame) {
          const ThreadPool::Turn turn(pool.get());
          served.push_back(i);
          // Long enough for those served before to ask again.
          std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
      });
    }
    while (waiting < kCameras) std::this_thread::yield();
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  for (std::thread& camera : cameras) camera.join();
  ASSERT_EQ(served.size(), kCameras * kFrames);
  size_t twice = 0;
  for (size_t i = 1; i < served.size() - kCameras; ++i) twice += served[i] == served[i - 1];
  // A camera that the system holds up for a whole turn may miss one.
  EXPECT_LT(twice, kFrames / 4);
}

TEST(ThreadPool, RefusesOptionsWithoutMeaning) {
  for (const int32_t threads : {-1, 257, 1000000}) {
    const auto pool = ThreadPool::create({.threads = threads});
    ASSERT_FALSE(pool.ok());
    EXPECT_EQ(pool.error().code, platform::Code::kInvalidArgument);
  }
  const auto whole = ThreadPool::create({});
  ASSERT_TRUE(whole.ok());
  EXPECT_EQ(whole.value()->threads(), platform::usable_processors().threads());
}

// Workers of a pinned pool run on processors of their own, the caller on none of those.
TEST(ThreadPool, PinsWorkersAndTheCallerThatAsks) {
  const auto usable = platform::usable_processors();
  const auto threads = static_cast<int32_t>(usable.order.size());
  if (threads > 64) GTEST_SKIP() << "more processors than this test has room for";
  std::thread([&] {
    const auto pool = pool_of(threads, true);
    pool->pin_caller();
    struct Where {
      std::atomic<int32_t> arrived{0};
      int32_t threads = 0;
      std::array<std::atomic<int>, 64> processor{};
    } where;
    where.threads = threads;
    const std::vector<int32_t> parts{threads};
    ThreadPool::Turn(pool.get())
        .run({.run =
                  [](void* context, int32_t, int32_t part) {
                    auto& w = *static_cast<Where*>(context);
                    w.processor[static_cast<size_t>(part)] = sched_getcpu();
                    ++w.arrived;  // all at once: each part on a member of its own
                    while (w.arrived < w.threads) std::this_thread::yield();
                  },
              .context = &where,
              .parts = parts});
    std::vector<int32_t> got, expected = usable.order;
    for (int32_t t = 0; t < threads; ++t) got.push_back(where.processor[static_cast<size_t>(t)]);
    std::sort(got.begin(), got.end());
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(got, expected);
  }).join();  // its own thread: the others stay free
}

double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

TEST(ThreadPool, IdleWorkersCostNothing) {
  const auto pool = pool_of(kThreadsMost);
  Counting counting(kThreadsMost, 3, 9);
  ThreadPool::Turn(pool.get()).run(counting.job());
  std::this_thread::sleep_for(std::chrono::milliseconds(50));  // they park
  const double before = processor_seconds();
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_LT(processor_seconds() - before, 0.03);  // seven spinning workers would use seconds
}

}  // namespace
}  // namespace pawl::engine
