#include <sched.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "platform/files.h"
#include "platform/processors.h"

namespace pawl::platform {
namespace {

namespace fs = std::filesystem;

constexpr size_t kFileBytesMax = size_t{1} << 16;

std::string text_of(const fs::path& path) {
  const Result<std::string> text = read_text_file(path, kFileBytesMax);
  return text.ok() ? text.value() : "";
}

// The number at the start of `text` and after blanks; absent where there is none ("max").
std::optional<int64_t> number_in(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  int64_t value = 0;
  const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (bad != std::errc{} || end == text.data()) return std::nullopt;
  return value;
}

struct Processor {
  int32_t number;
  int32_t sibling;  // how many of its core's threads came before it
  int64_t speed;    // in any unit that the machine uses for all
};

int64_t speed_of(const fs::path& folder) {
  const auto capacity = number_in(text_of(folder / "cpu_capacity"));
  if (capacity) return *capacity;
  return number_in(text_of(folder / "cpufreq/cpuinfo_max_freq")).value_or(0);
}

// Of one control group: runtime over period, where both are positive.
std::optional<double> share(std::optional<int64_t> runtime, std::optional<int64_t> period) {
  if (!runtime || !period || *runtime <= 0 || *period <= 0) return std::nullopt;
  return static_cast<double>(*runtime) / static_cast<double>(*period);
}

std::optional<double> group_quota(const fs::path& group) {
  const std::string both = text_of(group / "cpu.max");  // "150000 100000", "max 100000"
  const size_t blank = both.find(' ');
  if (blank != std::string::npos) {
    return share(number_in(both), number_in(std::string_view(both).substr(blank)));
  }
  return share(number_in(text_of(group / "cpu.cfs_quota_us")),
               number_in(text_of(group / "cpu.cfs_period_us")));
}

// The tightest limit of the group and those around it. A container often sees its own group as the
// root of the mount while /proc still names the path outside, so the root always counts.
double tightest(const fs::path& mount, const std::string& group) {
  double quota = 0.0;
  const fs::path path = fs::path(group).relative_path();
  for (fs::path at = path;; at = at.parent_path()) {
    const auto limit = group_quota(at.empty() ? mount : mount / at);
    if (limit && (quota == 0.0 || *limit < quota)) quota = *limit;
    if (at.empty()) return quota;
  }
}

double cgroup_quota(const fs::path& root) {
  const std::string groups =
      text_of(root / "proc/self/cgroup");  // "4:cpu,cpuacct:/path", "0::/path"
  const fs::path mounts = root / "sys/fs/cgroup";
  double quota = 0.0;
  for (size_t start = 0; start < groups.size();) {
    const size_t end = std::min(groups.find('\n', start), groups.size());
    const std::string line = groups.substr(start, end - start);
    start = end + 1;
    const size_t first = line.find(':');
    const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (!controllers.empty() && ("," + controllers + ",").find(",cpu,") == std::string::npos) {
      continue;
    }
    const double limit = tightest(mounts / controllers, line.substr(second + 1));
    if (limit > 0.0 && (quota == 0.0 || limit < quota)) quota = limit;
  }
  return quota;
}

std::vector<int32_t> allowed_processors() {
  // The kernel refuses a mask that is shorter than its own.
  for (int count = CPU_SETSIZE; count <= 64 * CPU_SETSIZE; count *= 2) {
    const size_t bytes = CPU_ALLOC_SIZE(count);
    std::vector<cpu_set_t> set((bytes + sizeof(cpu_set_t) - 1) / sizeof(cpu_set_t));
    if (sched_getaffinity(0, bytes, set.data()) != 0) continue;
    std::vector<int32_t> allowed;
    for (int cpu = 0; cpu < count; ++cpu) {
      if (CPU_ISSET_S(cpu, bytes, set.data())) allowed.push_back(cpu);
    }
    return allowed;
  }
  std::vector<int32_t> all(std::max(1U, std::thread::hardware_concurrency()));
  for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<int32_t>(i);
  return all;
}

}  // namespace

int32_t Processors::threads() const {
  if (quota <= 0.0 || quota >= cores) return cores;
  return std::max(1, static_cast<int32_t>(std::ceil(quota)));
}

Processors read_processors(const fs::path& root, std::span<const int32_t> allowed) {
  std::vector<Processor> found;
  std::map<std::string, int32_t> threads_of_core;
  for (const int32_t number : allowed) {
    const fs::path folder = root / "sys/devices/system/cpu" / ("cpu" + std::to_string(number));
    std::string core = text_of(folder / "topology/thread_siblings_list");
    if (core.empty()) core = "processor " + std::to_string(number);
    found.push_back(
        Processor{.number = number, .sibling = threads_of_core[core]++, .speed = speed_of(folder)});
  }
  std::stable_sort(found.begin(), found.end(), [](const Processor& a, const Processor& b) {
    return a.sibling != b.sibling ? a.sibling < b.sibling : a.speed > b.speed;
  });
  Processors processors;
  for (const Processor& p : found) processors.order.push_back(p.number);
  if (found.empty()) processors.order.push_back(0);
  processors.cores = std::max(1, static_cast<int32_t>(threads_of_core.size()));
  processors.quota = cgroup_quota(root);
  return processors;
}

Processors usable_processors() {
  return read_processors("/", allowed_processors());
}

bool pin_this_thread(int32_t processor) {
  const auto count = static_cast<size_t>(std::max(processor + 1, CPU_SETSIZE));
  std::vector<cpu_set_t> set((count + CPU_SETSIZE - 1) / CPU_SETSIZE);
  const size_t bytes = set.size() * sizeof(cpu_set_t);
  if (processor < 0) return false;
  CPU_SET_S(static_cast<size_t>(processor), bytes, set.data());
  return sched_setaffinity(0, bytes, set.data()) == 0;
}

}  // namespace pawl::platform
