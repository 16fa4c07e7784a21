// What the device noticed and a real one would not say: one entry for each kind and instruction,
// with the first occurrence in words and a count.
#pragma once

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace pawl::softgpu {

enum class FindingKind : uint8_t {
  kRace,           // two agents, one byte, no order between them
  kUninitialised,  // register or memory read that nobody wrote
  kPending,        // memory touched that a cp.async is still on its way to
  kBounds,         // access outside every allocation; ends the launch
  kMisaligned,     // ends the launch
  kDivergence,     // collective or barrier that not all of its threads reach; ends the launch
};
const char* name_of(FindingKind kind);

// Ends a launch, as a fault on a real device does. `code` is a CUresult.
class DeviceFault : public std::runtime_error {
 public:
  DeviceFault(int32_t code, const std::string& what) : std::runtime_error(what), code_(code) {}
  int32_t code() const { return code_; }

 private:
  int32_t code_;
};

class Findings {
 public:
  struct Entry {
    FindingKind kind;
    std::string text;  // of the first
    int64_t count;
  };

  // True if it is the first of its kind at this place: only then is `set_text` worth composing.
  bool add(FindingKind kind, const void* where) {
    const auto [found, fresh] = index_.try_emplace({kind, where}, entries_.size());
    if (fresh) entries_.push_back({kind, "", 0});
    ++entries_[found->second].count;
    return fresh;
  }
  void set_text(std::string text) { entries_.back().text = std::move(text); }
  const std::vector<Entry>& entries() const { return entries_; }
  // Instructions are about to go; what comes to lie at their addresses is another place.
  void forget_places() { index_.clear(); }
  void clear() {
    index_.clear();
    entries_.clear();
  }

 private:
  std::map<std::pair<FindingKind, const void*>, size_t> index_;
  std::vector<Entry> entries_;
};

}  // namespace pawl::softgpu
