// The processors this process may use, and threads that keep to one.
//
// A container, taskset or a service file may allow fewer than the machine has, or all of them for a
// share of the time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

namespace pawl::platform {

struct Processors {
  // Best first: the first hardware thread of each core before any second one, among those the
  // faster cores first. Never empty.
  std::vector<int32_t> order;
  int32_t cores = 1;   // physical ones among them
  double quota = 0.0;  // processors' worth of time a control group allows; 0: no limit

  // Threads that can run at once: one a core, no more than the quota rounded up.
  int32_t threads() const;
};

// Of this process. A file that is missing or makes no sense says nothing: every processor is then
// a core of its own, as fast as the others, without a limit.
Processors usable_processors();

// The same from a tree of files laid out as Linux lays out /proc and /sys.
Processors read_processors(const std::filesystem::path& root, std::span<const int32_t> allowed);

// Keeps the calling thread on `processor`. False where the system refuses.
bool pin_this_thread(int32_t processor);

}  // namespace pawl::platform
