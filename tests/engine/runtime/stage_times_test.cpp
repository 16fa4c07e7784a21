// Proves what the times of a frame are made of: setting the pre-processing up for the frame and
// running it, the network, and the decoder, each once; waiting for a shared pool is in none. The
// clock is this program's own, so the numbers are exact.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "engine/artifact/artifact.h"
#include "engine/runtime/session.h"
#include "tests/engine/artifact/golden_plan.h"

namespace {

// The monotonic clock of threads that ask for it: a tick further each time it is read.
thread_local bool ticking = false;
std::atomic<int64_t> now_ns{0};
std::atomic<int32_t> looks{0};

}  // namespace

extern "C" int clock_gettime(clockid_t clock, struct timespec* time) noexcept {
  if (!ticking || clock != CLOCK_MONOTONIC) {
    return static_cast<int>(::syscall(SYS_clock_gettime, clock, time));
  }
  const int64_t now = now_ns.fetch_add(1000) + 1000;
  looks.fetch_add(1);
  time->tv_sec = static_cast<time_t>(now / 1'000'000'000);
  time->tv_nsec = static_cast<decltype(time->tv_nsec)>(now % 1'000'000'000);
  return 0;
}

namespace pawl::engine {
namespace {

class StageTimesOf : public ::testing::Test {
 protected:
  StageTimesOf()
      : file_(golden_bytes()), artifact_(Artifact::from_bytes(file_.bytes(), "golden")) {}

  platform::Frame frame() const {
    platform::Frame frame;
    frame.width = frame.height = 40;
    frame.stride = 40 * 3;
    frame.data = pixels_.data();
    return frame;
  }

  AlignedBytes file_;
  Result<Artifact> artifact_;
  const std::vector<uint8_t> pixels_ = std::vector<uint8_t>(size_t{40} * 40 * 3, 90);
};

TEST_F(StageTimesOf, AFrameAreItsParts) {
  ASSERT_TRUE(artifact_.ok());
  auto session = Session::create(artifact_.value(), {.threads = 1});  // none that reads the clock
  ASSERT_TRUE(session.ok()) << session.error().message;
  for (int run = 0; run < 3; ++run) {
    ticking = true;
    const bool detected = session.value().detect(frame()).ok();
    ticking = false;
    ASSERT_TRUE(detected);
    const StageTimes& times = session.value().times();
    EXPECT_EQ(times.preprocess, 2000);  // two pieces: before the pool's turn and in it
    EXPECT_EQ(times.infer, 1000);
    EXPECT_EQ(times.postprocess, 1000);
    EXPECT_EQ(times.total(), 4000);
  }
}

TEST_F(StageTimesOf, WaitingForThePoolIsInNone) {
  ASSERT_TRUE(artifact_.ok());
  auto session = Session::create(artifact_.value(), {.threads = 1});
  ASSERT_TRUE(session.ok()) << session.error().message;
  std::thread camera;
  {
    const ThreadPool::Turn turn(session.value().pool().get());
    looks = 0;
    camera = std::thread([&] {
      ticking = true;
      EXPECT_TRUE(session.value().detect(frame()).ok());
    });
    // It has set the frame up once it has looked twice, and goes no further without the pool.
    while (looks.load() < 2) sched_yield();
    for (int i = 0; i < 1000; ++i) sched_yield();
    now_ns.fetch_add(int64_t{1'000'000'000'000});
  }
  camera.join();
  EXPECT_LT(session.value().times().total(), int64_t{1'000'000'000});
}

// run_timed() adds: a caller sums frames.
TEST_F(StageTimesOf, StepsAreAddedUp) {
  ASSERT_TRUE(artifact_.ok());
  auto session = Session::create(artifact_.value(), {.threads = 1});
  ASSERT_TRUE(session.ok()) << session.error().message;
  std::vector<int64_t> ns(artifact_.value().steps().size(), 5);
  ASSERT_TRUE(session.value().preprocess(frame()).ok());
  for (int run = 1; run <= 3; ++run) {
    ticking = true;
    EXPECT_TRUE(session.value().run_timed(ns).ok());
    ticking = false;
    for (const int64_t step : ns) EXPECT_EQ(step, 5 + run * 1000);
  }
}

}  // namespace
}  // namespace pawl::engine
