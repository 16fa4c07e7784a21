// A team of threads that serves the frames of one session, or of several in turn.
//
// Work comes as a job: stages that follow each other, each in parts that run at once. A member
// starts with its own share of a stage, so that rows stay in its cache from one step to the next,
// and then takes what nobody has begun: a member whose core went to another program delays only the
// part it holds, and the caller finishes alone if no worker shows up. Between stages members spin
// for a moment and then park, so an idle camera costs nothing.
//
// Threads: any. Callers take turns in the order in which they asked; the one whose turn it is works
// as member 0, so no more than threads() ever run. Allocates in create() only.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "platform/result.h"
#include "platform/thread.h"

namespace pawl::engine {

struct PoolOptions {
  int32_t threads = 0;  // the caller included; 0: one for each core this process may use
  // Each worker keeps to a core of its own, the fastest first, one left for the caller (see
  // pin_caller()). For machines that do nothing else: where they do, a worker cannot move away.
  // Nothing is pinned where there are fewer processors than threads.
  bool pin = false;
};

class ThreadPool {
 public:
  // kInvalidArgument: more than 256 threads, or fewer than none. kExhausted: one cannot start;
  // those that did are ended again. Shared, because the sessions of several cameras end in any
  // order and the last one ends the threads.
  static platform::Result<std::shared_ptr<ThreadPool>> create(const PoolOptions& options);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int32_t threads() const { return threads_; }

  // Keeps the calling thread on the core that pinned workers left to it. Nothing without `pin`.
  void pin_caller() const;

  struct Job {
    void (*run)(void* context, int32_t stage, int32_t part) = nullptr;
    void* context = nullptr;
    std::span<const int32_t> parts;  // of each stage, 1 to threads()
  };

  // The pool for one caller, until the end of the scope. Not for a thread that holds one already.
  class Turn {
   public:
    explicit Turn(ThreadPool* pool);
    ~Turn();
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

    // Returns when the last stage has ended. Stage s + 1 sees all that stage s wrote.
    void run(const Job& job) { pool_->run(job); }

   private:
    ThreadPool* pool_;
  };

 private:
  // A stage in one word: its number, which only grows, above the count of its parts (0: closed).
  using Stage = uint64_t;
  struct alignas(64) Claim {
    std::atomic<uint64_t> number{0};  // of the last stage whose part this was taken in
  };

  explicit ThreadPool(int32_t threads);
  platform::Status start(std::span<const int32_t> processors);
  void work(int32_t member);
  void run(const Job& job);
  void take_parts(Stage stage, int32_t member);
  bool run_part(Stage stage, int32_t part);
  void advance(size_t index);
  void open(Stage stage);
  Stage await_other(Stage seen);

  const int32_t threads_;
  int32_t caller_processor_ = -1;
  std::vector<Claim> claims_;  // one a part
  // Written between jobs; read by who holds a part, which keeps the job from ending.
  Job job_;
  uint64_t first_ = 0;  // number of the job's first stage
  // Each on a line of its own: written by one thread while others poll.
  alignas(64) std::atomic<Stage> stage_{0};
  alignas(64) std::atomic<int32_t> pending_{0};  // parts of the stage that have not ended
  alignas(64) std::atomic<int32_t> sleepers_{0};
  std::atomic<uint32_t> wake_{0};  // sleepers wait for it to change
  alignas(64) std::atomic<uint32_t> tickets_{0};
  std::atomic<uint32_t> serving_{0};
  std::atomic<int32_t> started_{0};  // workers that run
  std::vector<platform::Thread> workers_;
};

}  // namespace pawl::engine
