// A fixed team of threads that runs one function together, with a barrier inside.
//
// Made for frames: between frames workers spin for a moment and then park, so an idle camera costs
// nothing; inside a frame, steps are a few microseconds apart and the barrier spins.
// Threads: run() from one thread at a time; that thread is member 0 of the team.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace pawl::engine {

class ThreadPool {
 public:
  using Task = void (*)(void* context, int32_t thread);

  explicit ThreadPool(int32_t threads);  // threads >= 1, the caller included
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int32_t threads() const { return threads_; }

  // Calls task(context, t) on every member t and returns when all have. Allocates nothing.
  void run(Task task, void* context);

  // Inside a task: waits until every member arrived. Every member calls it equally often.
  void barrier();

 private:
  void work(int32_t thread);

  const int32_t threads_;
  Task task_ = nullptr;
  void* context_ = nullptr;
  // Each on a line of its own: they are written by one thread while the others poll.
  alignas(64) std::atomic<uint32_t> epoch_{0};       // grows by one a run(); stop_ is read after it
  alignas(64) std::atomic<int32_t> arrived_{0};      // at the current barrier
  alignas(64) std::atomic<uint32_t> generation_{0};  // barriers passed
  alignas(64) std::atomic<int32_t> running_{0};      // workers still in the current task
  bool stop_ = false;
  std::vector<std::thread> workers_;
};

}  // namespace pawl::engine
