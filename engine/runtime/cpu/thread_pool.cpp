#include "engine/runtime/cpu/thread_pool.h"

#include <algorithm>
#include <chrono>
#include <string>

#include "platform/check.h"
#include "platform/processors.h"

namespace pawl::engine {
namespace {

constexpr int32_t kThreadsMax = 256;
constexpr int kPartsBits = 16;
constexpr uint64_t kStop = (uint64_t{1} << kPartsBits) - 1;  // in the place of the parts

// Longer than most waits inside a frame, for a parked thread takes tens of microseconds to come
// back; far shorter than the 40 ms between two frames, and than the milliseconds for which a
// scheduler takes a core away. A time and not a count: a pause lasts 10 to 150 cycles.
constexpr std::chrono::microseconds kSpin{100};
constexpr int kPausesPerLook = 16;     // at the clock
constexpr int kPausesBeforeHelp = 64;  // about 1 us

inline void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("yield");
#endif
}

constexpr uint64_t number_of(uint64_t stage) {
  return stage >> kPartsBits;
}
constexpr int32_t parts_of(uint64_t stage) {
  return static_cast<int32_t>(stage & kStop);
}

}  // namespace

platform::Result<std::shared_ptr<ThreadPool>> ThreadPool::create(const PoolOptions& options) {
  if (options.threads < 0 || options.threads > kThreadsMax) {
    return platform::Error{platform::Code::kInvalidArgument,
                           "threads must be 0 (all cores) to " + std::to_string(kThreadsMax)};
  }
  const platform::Processors usable = platform::usable_processors();
  const int32_t threads =
      options.threads == 0 ? std::min(usable.threads(), kThreadsMax) : options.threads;
  const bool pin = options.pin && static_cast<size_t>(threads) <= usable.order.size();
  std::shared_ptr<ThreadPool> pool(new ThreadPool(threads));
  PAWL_TRY(pool->start(pin ? std::span(usable.order) : std::span<const int32_t>()));
  return pool;
}

ThreadPool::ThreadPool(int32_t threads)
    : threads_(threads), claims_(static_cast<size_t>(threads)) {}

platform::Status ThreadPool::start(std::span<const int32_t> processors) {
  if (!processors.empty()) caller_processor_ = processors[0];
  workers_.reserve(static_cast<size_t>(threads_ - 1));
  for (int32_t t = 1; t < threads_; ++t) {
    const int32_t processor = processors.empty() ? -1 : processors[static_cast<size_t>(t)];
    auto worker = platform::Thread::start([this, t, processor] {
      if (processor >= 0) platform::pin_this_thread(processor);
      started_.fetch_add(1, std::memory_order_release);
      started_.notify_one();
      work(t);
    });
    if (!worker.ok()) {
      return std::move(worker)
          .context("thread " + std::to_string(t + 1) + " of " + std::to_string(threads_))
          .error();
    }
    workers_.push_back(std::move(worker).value());
  }
  // What a thread allocates on its way up is not to fall into a frame.
  for (int32_t now; (now = started_.load(std::memory_order_acquire)) != threads_ - 1;) {
    started_.wait(now, std::memory_order_acquire);
  }
  return {};
}

ThreadPool::~ThreadPool() {
  open((number_of(stage_.load(std::memory_order_relaxed)) + 1) << kPartsBits | kStop);
  workers_.clear();  // joins
}

void ThreadPool::pin_caller() const {
  if (caller_processor_ >= 0) platform::pin_this_thread(caller_processor_);
}

ThreadPool::Turn::Turn(ThreadPool* pool) : pool_(pool) {
  const uint32_t mine = pool->tickets_.fetch_add(1, std::memory_order_relaxed);
  for (uint32_t now; (now = pool->serving_.load(std::memory_order_acquire)) != mine;) {
    pool->serving_.wait(now, std::memory_order_acquire);
  }
}

ThreadPool::Turn::~Turn() {
  pool_->serving_.fetch_add(1, std::memory_order_release);
  pool_->serving_.notify_all();
}

void ThreadPool::run(const Job& job) {
  job_ = job;
  first_ = number_of(stage_.load(std::memory_order_relaxed)) + 1;
  const uint64_t end = first_ + job.parts.size();
  advance(0);
  for (Stage stage = stage_.load(std::memory_order_acquire); number_of(stage) != end;
       stage = await_other(stage)) {
    take_parts(stage, 0);
  }
}

void ThreadPool::work(int32_t member) {
  for (Stage stage = await_other(0); parts_of(stage) != kStop; stage = await_other(stage)) {
    take_parts(stage, member);
  }
}

void ThreadPool::take_parts(Stage stage, int32_t member) {
  const int32_t parts = parts_of(stage);
  const int32_t own = parts * member / threads_;
  const int32_t own_end = parts * (member + 1) / threads_;
  for (int32_t part = own; part < own_end; ++part) {
    if (run_part(stage, part)) return;
  }
  // Those who own the others have nearly always begun. To look at their claims at once would take
  // the lines from them that they write next.
  for (int i = 0; i < kPausesBeforeHelp; ++i) {
    if (stage_.load(std::memory_order_acquire) != stage) return;
    relax();
  }
  for (int32_t i = own_end; i < own + parts; ++i) {
    if (run_part(stage, i < parts ? i : i - parts)) return;
  }
}

// Runs a part that nobody has taken. True if that ended the stage. `stage` itself may have ended
// long ago, and another job begun: then the claim fails, for it is at least as new as any stage
// that had this part and has ended.
bool ThreadPool::run_part(Stage stage, int32_t part) {
  const uint64_t number = number_of(stage);
  std::atomic<uint64_t>& claim = claims_[static_cast<size_t>(part)].number;
  uint64_t last = claim.load(std::memory_order_relaxed);
  if (last >= number || !claim.compare_exchange_strong(last, number, std::memory_order_relaxed)) {
    return false;
  }
  const auto index = static_cast<size_t>(number - first_);
  job_.run(job_.context, static_cast<int32_t>(index), part);
  if (pending_.fetch_sub(1, std::memory_order_acq_rel) != 1) return false;
  advance(index + 1);
  return true;
}

// Whoever ended the stage before `index` goes on: stages of one part at once, without a word to the
// others; then the next one that is worth sharing.
void ThreadPool::advance(size_t index) {
  const size_t stages = job_.parts.size();
  for (; index < stages && job_.parts[index] == 1; ++index) {
    job_.run(job_.context, static_cast<int32_t>(index), 0);
  }
  const int32_t parts = index < stages ? job_.parts[index] : 0;
  PAWL_CHECK(parts >= 0 && parts <= threads_);
  pending_.store(parts, std::memory_order_relaxed);
  open((first_ + index) << kPartsBits | static_cast<Stage>(parts));
}

// Either this sees the sleeper, or the sleeper sees the stage before it sleeps: both are seq_cst.
void ThreadPool::open(Stage stage) {
  stage_.store(stage, std::memory_order_seq_cst);
  if (sleepers_.load(std::memory_order_seq_cst) == 0) return;
  wake_.fetch_add(1, std::memory_order_release);
  wake_.notify_all();
}

// Returns once there is a stage other than `seen`.
ThreadPool::Stage ThreadPool::await_other(Stage seen) {
  using Clock = std::chrono::steady_clock;
  Stage stage = stage_.load(std::memory_order_acquire);
  if (stage != seen) return stage;
  for (const Clock::time_point end = Clock::now() + kSpin; Clock::now() < end;) {
    for (int i = 0; i < kPausesPerLook; ++i) {
      relax();
      stage = stage_.load(std::memory_order_acquire);
      if (stage != seen) return stage;
    }
  }
  while (stage == seen) {
    const uint32_t wake = wake_.load(std::memory_order_acquire);
    sleepers_.fetch_add(1, std::memory_order_seq_cst);
    stage = stage_.load(std::memory_order_seq_cst);
    if (stage == seen) wake_.wait(wake, std::memory_order_acquire);
    sleepers_.fetch_sub(1, std::memory_order_relaxed);
    stage = stage_.load(std::memory_order_acquire);
  }
  return stage;
}

}  // namespace pawl::engine
