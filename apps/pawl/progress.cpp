#include "apps/pawl/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "apps/pawl/text.h"

namespace pawl::program {
namespace {

constexpr int64_t kBarColumns = 30;
constexpr auto kPeriod = std::chrono::milliseconds(100);
constexpr double kSecondsToEstimate = 2.0;  // before that an estimate jumps

// ", 40 s left": as long for the rest as for what is done.
std::string time_left(double seconds, int64_t done, int64_t total) {
  if (seconds < kSecondsToEstimate || done <= 0 || done > total) return "";
  return printed(", %.0f s left",
                 seconds * static_cast<double>(total - done) / static_cast<double>(done));
}

}  // namespace

Progress::Progress(std::string what, int64_t total)
    : what_(std::move(what)),
      total_(total),
      visible_(isatty(STDERR_FILENO) == 1),
      start_(std::chrono::steady_clock::now()),
      next_(start_ + kPeriod) {}

Progress::~Progress() {
  clear();
}

void Progress::advance(int64_t done) {
  if (!visible_) return;
  const auto now = std::chrono::steady_clock::now();
  if (now < next_) return;
  next_ = now + kPeriod;
  drawn_ = true;
  if (total_ <= 0) {
    std::fprintf(stderr, "\r%s %lld", what_.c_str(), static_cast<long long>(done));
    return;
  }
  const auto filled =
      static_cast<size_t>(std::clamp<int64_t>(done * kBarColumns / total_, 0, kBarColumns));
  const std::string bar = std::string(filled, '=') + std::string(kBarColumns - filled, ' ');
  const double seconds = std::chrono::duration<double>(now - start_).count();
  std::fprintf(stderr, "\r\033[K%s [%s] %lld/%lld%s", what_.c_str(), bar.c_str(),
               static_cast<long long>(done), static_cast<long long>(total_),
               time_left(seconds, done, total_).c_str());
}

void Progress::clear() {
  if (!drawn_) return;
  std::fprintf(stderr, "\r\033[K");
  drawn_ = false;
}

}  // namespace pawl::program
