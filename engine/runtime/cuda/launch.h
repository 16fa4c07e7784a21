// A step's kernel on a CUDA device: which one, how many CTAs, and its parameters by value.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>

#include "engine/artifact/artifact.h"
#include "engine/runtime/steps/step_params.h"
#include "kernels/cuda/launch.h"

namespace pawl::engine {

struct DeviceStep {
  static constexpr size_t kParamsMax = 320;

  template <typename Params>
  DeviceStep(const kernels::cuda::Launch& how, const Params& values) : launch(how) {
    static_assert(sizeof(Params) <= kParamsMax && std::is_trivially_copyable_v<Params>);
    std::memcpy(params.data(), &values, sizeof(values));
  }

  kernels::cuda::Launch launch;
  alignas(16) std::array<std::byte, kParamsMax> params{};
};

// What choosing a kernel depends on beside the step.
struct DeviceTraits {
  int32_t multiprocessors;
};

// `params` of `step` with device addresses. Errors: kUnsupported naming a step that no CUDA kernel
// computes.
Result<DeviceStep> device_step(const Artifact& artifact, const StepRecord& step,
                               const StepParams& params, const DeviceTraits& device);

}  // namespace pawl::engine
