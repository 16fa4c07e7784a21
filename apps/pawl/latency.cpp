#include "apps/pawl/latency.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <utility>

#include "apps/pawl/text.h"

namespace pawl::program {
namespace {

std::string ms_text(double ms) {
  return printed("%.2f", ms);
}

}  // namespace

Percentiles percentiles_ms(std::vector<int64_t> samples_ns) {
  if (samples_ns.empty()) return {};
  std::sort(samples_ns.begin(), samples_ns.end());
  const auto count = static_cast<double>(samples_ns.size());
  const auto rank = [&](double share) {
    const auto position = static_cast<size_t>(std::max(1.0, std::ceil(share * count)));
    return static_cast<double>(samples_ns[std::min(position, samples_ns.size()) - 1]) / 1e6;
  };
  return {rank(0.50), rank(0.90), rank(0.99), rank(1.0)};
}

void StageSeries::add(const engine::StageTimes& times) {
  preprocess_.push_back(times.preprocess);
  infer_.push_back(times.infer);
  postprocess_.push_back(times.postprocess);
  total_.push_back(times.total());
}

std::string StageSeries::table() const {
  TextTable table({"stage", "p50 ms", "p90", "p99", "max"});
  const auto add_row = [&table](const char* name, const std::vector<int64_t>& samples) {
    const Percentiles p = percentiles_ms(samples);
    table.add({name, ms_text(p.p50), ms_text(p.p90), ms_text(p.p99), ms_text(p.max)});
  };
  add_row("pre", preprocess_);
  add_row("infer", infer_);
  add_row("post", postprocess_);
  add_row("total", total_);
  return table.str();
}

Json StageSeries::json() const {
  const auto stage = [](const std::vector<int64_t>& samples) {
    const Percentiles p = percentiles_ms(samples);
    return Json{{"p50", rounded(p.p50, 4)},
                {"p90", rounded(p.p90, 4)},
                {"p99", rounded(p.p99, 4)},
                {"max", rounded(p.max, 4)}};
  };
  return Json{{"pre", stage(preprocess_)},
              {"infer", stage(infer_)},
              {"post", stage(postprocess_)},
              {"total", stage(total_)}};
}

std::string cpu_name() {
  std::ifstream file("/proc/cpuinfo");
  std::string line;
  while (std::getline(file, line)) {
    if (line.rfind("model name", 0) != 0) continue;
    const size_t colon = line.find(": ");
    if (colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

}  // namespace pawl::program
