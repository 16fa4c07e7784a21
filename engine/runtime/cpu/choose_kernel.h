// The best kernels that this CPU runs, for the parameters of steps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <variant>
#include <vector>

#include "engine/runtime/cpu/block.h"
#include "engine/runtime/steps/step_params.h"
#include "kernels/winograd_u8.h"

namespace pawl::engine {

// A kernel and its parameters. Copyable; all pointers borrow the arena, the scratch or the weights.
class CpuStep {
 public:
  template <typename Params>
  CpuStep(void (*kernel)(const Params&, int32_t, int32_t), const Params& params)
      : kernel_(reinterpret_cast<void (*)()>(kernel)), params_(params) {
    call_ = [](const CpuStep& step, int32_t part, int32_t parts) {
      reinterpret_cast<void (*)(const Params&, int32_t, int32_t)>(step.kernel_)(
          step.params_of<Params>(), part, parts);
    };
  }

  void run(int32_t part, int32_t parts) const { call_(*this, part, parts); }

 private:
  template <typename Params>
  const Params& params_of() const {
    if constexpr (std::is_same_v<Params, kernels::WinogradU8Params>) {
      return *std::get_if<Params>(&params_);
    } else {
      return *std::get_if<Params>(std::get_if<StepParams>(&params_));
    }
  }

  void (*kernel_)();
  void (*call_)(const CpuStep&, int32_t part, int32_t parts);
  std::variant<StepParams, kernels::WinogradU8Params> params_;
};

// Memory that a session lends to its kernels.
struct CpuMemory {
  const float* zeros;            // zero_floats() of them
  std::byte* scratch;            // the most scratch_bytes() of any step
  std::vector<Block>* prepared;  // grows by what kernels make of their weights
};

// Floats of zero that kernels read outside an image of `artifact`.
Result<size_t> zero_floats(const Artifact& artifact);

// Scratch of all threads together.
size_t scratch_bytes(const StepParams& params, int32_t threads);

// Errors: kExhausted.
Result<CpuStep> choose_kernel(const StepParams& params, const CpuMemory& memory);

}  // namespace pawl::engine
