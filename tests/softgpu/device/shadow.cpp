#include "tests/softgpu/device/shadow.h"

#include <algorithm>

namespace pawl::softgpu {

Hazard Shadow::read(size_t at, size_t bytes, Agent agent) {
  const uint32_t base = agent.base, self = agent.stamp;
  uint32_t wrong = 0;
  // No branch inside: most reads are in order, and the loop becomes vector code.
  for (size_t i = at; i < at + bytes; ++i) {
    const uint32_t w = writer_[i];
    wrong |= static_cast<uint32_t>(w == kUnwritten) |
             (static_cast<uint32_t>(w >= base) & static_cast<uint32_t>(w != self));
    const uint32_t r = reader_[i];
    reader_[i] = r < base || r == self ? self : base;
  }
  if (wrong == 0) return Hazard::kNone;
  Hazard hazard = Hazard::kRace;
  for (size_t i = at; i < at + bytes; ++i) {
    if (writer_[i] == kPending) return Hazard::kPending;
    if (writer_[i] == kUnwritten) hazard = Hazard::kUnwritten;
  }
  return hazard;
}

Hazard Shadow::write(size_t at, size_t bytes, Agent agent) {
  const uint32_t base = agent.base, self = agent.stamp;
  uint32_t wrong = 0;
  bool pending = false;
  for (size_t i = at; i < at + bytes; ++i) {
    const uint32_t w = writer_[i], r = reader_[i];
    wrong |= static_cast<uint32_t>(w >= base && w != self) |
             static_cast<uint32_t>(r >= base && r != self);
    pending = pending || w == kPending;
    writer_[i] = self;
  }
  if (pending) return Hazard::kPending;
  return wrong == 0 ? Hazard::kNone : Hazard::kRace;
}

Hazard Shadow::atomic(size_t at, size_t bytes, Agent agent) {
  const uint32_t base = agent.base, self = agent.stamp;
  Hazard hazard = Hazard::kNone;
  for (size_t i = at; i < at + bytes; ++i) {
    const uint32_t w = writer_[i], r = reader_[i];
    if (w == kPending) return Hazard::kPending;
    if (w == kUnwritten) return Hazard::kUnwritten;
    const bool raced = (w >= base && w != self && w != base + 1) || (r >= base && r != self);
    if (raced) hazard = Hazard::kRace;
    // A plain write of the agent's own stays what others' atomics race with.
    if (w != self) writer_[i] = base + 1;
  }
  return hazard;
}

Hazard Shadow::start_copy(size_t at, size_t bytes, Agent agent) {
  const Hazard hazard = write(at, bytes, agent);
  mark(at, bytes, kPending);
  return hazard;
}

void Shadow::land_copy(size_t at, size_t bytes, Agent agent) {
  mark(at, bytes, agent.stamp);
}

void Shadow::mark(size_t at, size_t bytes, uint32_t stamp) {
  std::fill_n(writer_.begin() + static_cast<ptrdiff_t>(at), bytes, stamp);
}

bool Shadow::written(size_t at, size_t bytes) const {
  const auto first = writer_.begin() + static_cast<ptrdiff_t>(at);
  return std::find(first, first + static_cast<ptrdiff_t>(bytes), kUnwritten) ==
         first + static_cast<ptrdiff_t>(bytes);
}

}  // namespace pawl::softgpu
