#include "engine/runtime/thread_pool.h"

#include "platform/check.h"

namespace pawl::engine {
namespace {

// About 30 us on a 3 GHz core: longer than the gap between two steps of a plan, far shorter than
// the 40 ms between two frames.
constexpr int32_t kSpins = 1000;

inline void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("yield");
#endif
}

// Returns once `word` differs from `old`.
template <typename T>
void spin_then_park(const std::atomic<T>& word, T old) {
  for (int32_t i = 0; i < kSpins; ++i) {
    if (word.load(std::memory_order_acquire) != old) return;
    relax();
  }
  while (word.load(std::memory_order_acquire) == old) word.wait(old, std::memory_order_acquire);
}

}  // namespace

ThreadPool::ThreadPool(int32_t threads) : threads_(threads) {
  PAWL_CHECK(threads >= 1);
  workers_.reserve(static_cast<size_t>(threads - 1));
  for (int32_t t = 1; t < threads; ++t) workers_.emplace_back([this, t] { work(t); });
}

ThreadPool::~ThreadPool() {
  stop_ = true;
  epoch_.fetch_add(1, std::memory_order_release);
  epoch_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::run(Task task, void* context) {
  if (threads_ == 1) {
    task(context, 0);
    return;
  }
  task_ = task;
  context_ = context;
  running_.store(threads_ - 1, std::memory_order_relaxed);
  epoch_.fetch_add(1, std::memory_order_release);
  epoch_.notify_all();
  task(context, 0);
  for (int32_t left = running_.load(std::memory_order_acquire); left != 0;
       left = running_.load(std::memory_order_acquire)) {
    spin_then_park(running_, left);
  }
}

void ThreadPool::barrier() {
  if (threads_ == 1) return;
  const uint32_t generation = generation_.load(std::memory_order_relaxed);
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) == threads_ - 1) {
    arrived_.store(0, std::memory_order_relaxed);
    generation_.store(generation + 1, std::memory_order_release);
    generation_.notify_all();
    return;
  }
  spin_then_park(generation_, generation);
}

void ThreadPool::work(int32_t thread) {
  uint32_t epoch = 0;
  for (;;) {
    spin_then_park(epoch_, epoch);
    ++epoch;
    if (stop_) return;
    task_(context_, thread);
    running_.fetch_sub(1, std::memory_order_acq_rel);
    running_.notify_one();
  }
}

}  // namespace pawl::engine
