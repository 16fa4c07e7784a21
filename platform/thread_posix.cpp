#include <pthread.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "platform/thread.h"

namespace pawl::platform {

struct Thread::State {
  std::function<void()> work;
  pthread_t id{};
};

Thread::Thread(std::unique_ptr<State> state) : state_(std::move(state)) {}
Thread::Thread(Thread&& other) noexcept = default;

Result<Thread> Thread::start(std::function<void()> work) {
  auto state = std::make_unique<State>();
  state->work = std::move(work);
  const auto run = [](void* argument) -> void* {
    static_cast<const State*>(argument)->work();
    return nullptr;
  };
  const int error = ::pthread_create(&state->id, nullptr, run, state.get());
  if (error == 0) return Thread(std::move(state));
  return Error{
      error == EAGAIN || error == ENOMEM ? Code::kExhausted : Code::kIo,
      "cannot start a thread: " + std::error_code(error, std::generic_category()).message()};
}

Thread::~Thread() {
  if (state_) ::pthread_join(state_->id, nullptr);
}

}  // namespace pawl::platform
