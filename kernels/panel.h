// Weights of convolutions come in panels: this many output channels side by side, so that vectors of
// any instruction set are filled by whole loads. Bias and scales are padded to whole panels.
#pragma once

#include <cstdint>

namespace pawl::kernels {

inline constexpr int32_t kPanelChannels = 16;

}  // namespace pawl::kernels
