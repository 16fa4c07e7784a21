#include "engine/quantize/declared_scales.h"

#include <algorithm>

namespace pawl::engine {

Result<DeclaredScales> declared_scales(const Graph& graph, const std::vector<int32_t>& groups) {
  DeclaredScales scales;
  int32_t count = 0;
  for (const int32_t group : groups) count = std::max(count, group + 1);
  scales.groups.resize(static_cast<size_t>(count));
  scales.differing.resize(static_cast<size_t>(count), false);
  bool any = false;
  for (size_t v = 0; v < groups.size(); ++v) {
    const std::optional<DeclaredScale>& declared = graph.values[v].declared;
    if (groups[v] < 0 || !declared) continue;
    any = true;
    const auto group = static_cast<size_t>(groups[v]);
    std::optional<kernels::Quantization>& held = scales.groups[group];
    if (!held) held = kernels::Quantization{declared->scale, declared->zero};
    if (held->scale != declared->scale || held->zero != declared->zero) {
      scales.differing[group] = true;
    }
  }
  if (!any) {
    return Error{Code::kInvalidArgument,
                 "the model declares no scales for its activations, so they cannot be taken from "
                 "it; leave out --scales from-model and they are calibrated"};
  }
  for (size_t g = 0; g < scales.groups.size(); ++g) {
    if (scales.differing[g]) scales.groups[g].reset();
  }
  return scales;
}

}  // namespace pawl::engine
