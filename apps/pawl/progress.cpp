#include "apps/pawl/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace pawl::program {
namespace {

constexpr int64_t kBarColumns = 30;
constexpr auto kPeriod = std::chrono::milliseconds(100);

}  // namespace

Progress::Progress(std::string what, int64_t total)
    : what_(std::move(what)),
      total_(total),
      visible_(isatty(STDERR_FILENO) == 1),
      next_(std::chrono::steady_clock::now() + kPeriod) {}

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
  std::fprintf(stderr, "\r%s [%s] %lld/%lld", what_.c_str(), bar.c_str(),
               static_cast<long long>(done), static_cast<long long>(total_));
}

void Progress::clear() {
  if (!drawn_) return;
  std::fprintf(stderr, "\r\033[K");
  drawn_ = false;
}

}  // namespace pawl::program
