// The roofs of this processor (peak.h), one benchmark for each instruction set that it has. "GOP/s"
// counts a multiply-add as two operations. bench/peers/layers.py runs it beside
// `pawl bench --layers`.
#include <benchmark/benchmark.h>

#include <string>

#include "bench/kernels/peak.h"

namespace pawl::kernels {
namespace {

void run(benchmark::State& state, const Peak& peak) {
  if (!hardware_has(peak.isa)) {
    state.SkipWithError("not on this CPU");
    return;
  }
  for (auto _ : state) peak.chains();
  state.counters["GOP/s"] = benchmark::Counter(1e-9 * peak.operations * kPeakChains * kPeakSteps,
                                               benchmark::Counter::kIsIterationInvariantRate);
}

bool register_all() {
  for (const auto peaks : {float_peaks(), u8_peaks()}) {
    for (const Peak& peak : peaks) {
      benchmark::RegisterBenchmark((std::string("run/") + peak.name).c_str(),
                                   [&peak](benchmark::State& state) { run(state, peak); });
    }
  }
  return true;
}

[[maybe_unused]] const bool kRegistered = register_all();

}  // namespace
}  // namespace pawl::kernels
