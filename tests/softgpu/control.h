// What a test may say to the software GPU beside the driver's interface. The functions are exported
// by the same library; tests find them with dlsym (tests/softgpu/softgpu.h).
#pragma once

#include <cstdint>

#include "tests/softgpu/device/counters.h"

namespace pawl::softgpu {

enum class Option : int32_t {
  kSeed,           // 0: lockstep; else random orders of warps and CTAs
  kEager,          // 1: work starts when it is enqueued; 0: only when somebody waits for it
  kDevices,        // 0 or 1
  kCapability,     // 87 for sm_87
  kDriverVersion,  // 13000; also bounds the PTX it can read
  kMemoryBytes,
  kIntegrated,     // 1: memory is the host's, as on a Jetson
  kRefuseModules,  // 1: every module is refused, PTX too
  // The n-th kernel from now, 1 is the next; 0: none.
  kFailLaunch,   // is refused; the next one works
  kFaultLaunch,  // dies: every call of the context fails from then on
  kLoseDevice,   // takes the device with it: no context can be made again
};

extern "C" {
// As a new process finds it: no context, default options, no findings, no counts.
void softgpu_reset();
void softgpu_set(Option option, int64_t value);
int32_t softgpu_finding_count();
// In words, with its count. Valid until the next call of the library.
const char* softgpu_finding(int32_t index);
void softgpu_clear_findings();
// Of one kernel, or of all where `kernel` is null. False: never launched.
bool softgpu_counters(const char* kernel, Counters* counters);
// What was wrong with the last module, launch or call that failed; empty: nothing.
const char* softgpu_last_message();
}

}  // namespace pawl::softgpu
