// A thread that says when it cannot start. std::thread throws then, and code without exceptions
// ends in it. Move-only; joined when the object ends.
#pragma once

#include <functional>
#include <memory>

#include "platform/result.h"

namespace pawl::platform {

class Thread {
 public:
  // Errors: kExhausted (as many threads as this user, process or control group may have, or no
  // memory for a stack), kIo.
  static Result<Thread> start(std::function<void()> work);
  Thread(Thread&& other) noexcept;
  Thread& operator=(Thread&&) = delete;
  ~Thread();

 private:
  struct State;
  explicit Thread(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace pawl::platform
