#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <climits>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <utility>

#include "platform/temporary_name.h"

namespace pawl::platform {
namespace {

// A handler can neither allocate nor lock, so the names lie in a table of fixed size. More files
// than this at once are written too; only a signal leaves their temporary names behind.
constexpr size_t kSlots = 16;

enum class State : int { kFree, kFilling, kKnown };

struct Slot {
  std::atomic<State> state{State::kFree};
  char path[PATH_MAX];
};
static_assert(std::atomic<State>::is_always_lock_free);

std::array<Slot, kSlots> slots;

int remember(const std::filesystem::path& path) {
  const std::string& text = path.native();
  if (text.size() >= PATH_MAX) return -1;  // opening it will fail
  for (size_t i = 0; i < kSlots; ++i) {
    State expected = State::kFree;
    if (!slots[i].state.compare_exchange_strong(expected, State::kFilling)) continue;
    std::memcpy(slots[i].path, text.c_str(), text.size() + 1);
    slots[i].state.store(State::kKnown);
    return static_cast<int>(i);
  }
  return -1;
}

// Random, so that neither another machine on the same folder nor another container with the same
// process id meets this name.
uint64_t random_number() {
  uint64_t number = 0;
  if (::getrandom(&number, sizeof(number), GRND_NONBLOCK) == sizeof(number)) return number;
  static std::atomic<uint64_t> counter{0};  // a machine that has just started
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return (static_cast<uint64_t>(::getpid()) << 40U) ^ (static_cast<uint64_t>(now.tv_sec) << 30U) ^
         static_cast<uint64_t>(now.tv_nsec) ^ (counter.fetch_add(1) << 56U);
}

}  // namespace

TemporaryName TemporaryName::in(const std::filesystem::path& folder) {
  char name[32];
  std::snprintf(name, sizeof(name), ".pawl-%016llx.tmp",
                static_cast<unsigned long long>(random_number()));
  TemporaryName temporary;
  temporary.path_ = folder / name;
  temporary.slot_ = remember(temporary.path_);
  return temporary;
}

TemporaryName::TemporaryName(TemporaryName&& other) noexcept
    : path_(std::exchange(other.path_, {})), slot_(std::exchange(other.slot_, -1)) {}

TemporaryName& TemporaryName::operator=(TemporaryName&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(slot_, other.slot_);
  return *this;
}

TemporaryName::~TemporaryName() {
  if (slot_ >= 0) slots[static_cast<size_t>(slot_)].state.store(State::kFree);
}

void remove_temporaries() {
  for (const Slot& slot : slots) {
    if (slot.state.load() == State::kKnown) ::unlink(slot.path);
  }
}

}  // namespace pawl::platform
