#include "engine/runtime/cpu/step_parts.h"

#include <algorithm>

#include "engine/artifact/step_cost.h"

namespace pawl::engine {
namespace {

// A stage that two threads share costs about 0.5 us more than one that stays where it is.
constexpr double kPartNs = 800.0;

kernels::Isa best_usable_isa() {
  using kernels::Isa;
  for (const Isa isa : {Isa::kAvx512Vnni, Isa::kAvx512, Isa::kAvxVnni, Isa::kAvx2, Isa::kNeon}) {
    if (kernels::usable(isa)) return isa;
  }
  return Isa::kScalar;
}

}  // namespace

int32_t step_parts(const Artifact& artifact, const StepRecord& step, int32_t threads) {
  const double ns = step_ns(artifact.tensors(), step, best_usable_isa());
  return static_cast<int32_t>(std::clamp(ns / kPartNs, 1.0, static_cast<double>(threads)));
}

}  // namespace pawl::engine
