// Latencies of many frames, by stage.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "apps/pawl/json.h"
#include "engine/runtime/session.h"

namespace pawl::program {

// Milliseconds. A percentile is the smallest sample that at least that share does not exceed
// (nearest rank), so every number shown was measured. All zero without samples.
struct Percentiles {
  double p50 = 0.0, p90 = 0.0, p99 = 0.0, max = 0.0;
};
Percentiles percentiles_ms(std::vector<int64_t> samples_ns);

class StageSeries {
 public:
  void add(const engine::StageTimes& times);
  size_t count() const { return total_.size(); }
  std::string table() const;  // a line a stage: p50, p90, p99, max
  Json json() const;          // {"pre":{"p50",...},"infer":...,"post":...,"total":...}

 private:
  std::vector<int64_t> preprocess_, infer_, postprocess_, total_;
};

// "Intel(R) Xeon(R) ...", from /proc/cpuinfo; "unknown" where that does not say.
std::string cpu_name();

}  // namespace pawl::program
