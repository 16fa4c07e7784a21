#include <algorithm>
#include <atomic>
#include <csignal>
#include <thread>

#include "platform/stop_signals.h"
#include "platform/temporary_name.h"

namespace pawl::platform {
namespace {

constexpr std::chrono::milliseconds kStopPoll{50};

std::atomic<bool> stops{false};  // the next signal asks, it does not end
std::atomic<bool> requested{false};
static_assert(std::atomic<bool>::is_always_lock_free);

void on_signal(int number) {
  if (number != SIGPIPE && stops.exchange(false)) {
    requested.store(true);
    return;
  }
  remove_temporaries();
  std::signal(number, SIG_DFL);
  std::raise(number);  // delivered when this returns
}

void handle(int number, bool also_if_ignored) {
  struct sigaction before {};
  if (::sigaction(number, nullptr, &before) != 0) return;
  if (!also_if_ignored && before.sa_handler == SIG_IGN) return;
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(number, &action, nullptr);
}

}  // namespace

void end_on_signals() {
  handle(SIGINT, true);  // shells ignore it for what they start in the background
  handle(SIGTERM, true);
  handle(SIGHUP, false);
  handle(SIGPIPE, false);
  std::signal(SIGXFSZ, SIG_IGN);
}

void stop_on_signals() {
  requested.store(false);
  stops.store(true);
}

bool stop_requested() {
  return requested.load();
}

void sleep_until_stop(std::chrono::steady_clock::time_point due) {
  while (!stop_requested()) {
    const auto now = std::chrono::steady_clock::now();
    if (now >= due) return;
    std::this_thread::sleep_until(std::min(due, now + kStopPoll));
  }
}

}  // namespace pawl::platform
