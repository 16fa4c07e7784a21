// The roof of the roofline: multiply-adds of one core in registers, for float32 and for products of
// bytes. Clocks wander, so a benchmark measures its roof beside each run of the kernel under it.
#pragma once

#include <span>

#include "bench/kernels/timing.h"
#include "kernels/cpu/isa.h"

namespace pawl::kernels {

struct Peak {
  const char* name;
  Isa isa;
  double operations;          // of one instruction: a multiply-add counts as two
  double operations_a_cycle;  // where two such instructions start in each; 0: not known
  void (*chains)();           // kPeakChains independent chains of kPeakSteps instructions
};

inline constexpr int kPeakChains = 12;  // two ports times five cycles, and some more
inline constexpr int kPeakSteps = 100'000;

// Best first, for the processor that this is built for: peak_x86.cpp, peak_arm64.cpp.
std::span<const Peak> float_peaks();
std::span<const Peak> u8_peaks();

// The best entry whose instructions a kernel written for `isa` may use.
inline const Peak& peak_of(std::span<const Peak> peaks, Isa isa) {
  for (const Peak& peak : peaks) {
    if (includes(isa, peak.isa)) return peak;
  }
  return peaks.back();
}

// Operations a second.
inline double measured(const Peak& peak) {
  const double start = cpu_seconds();
  peak.chains();
  return peak.operations * kPeakChains * kPeakSteps / (cpu_seconds() - start);
}

}  // namespace pawl::kernels
