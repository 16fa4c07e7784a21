#include "kernels/depthwise.h"

#include <cstddef>

namespace pawl::kernels {
void pack_depthwise_weights(const float* weight, int32_t C, int32_t KH, int32_t KW, float* packed) {
  const size_t channels = static_cast<size_t>(C);
  const size_t taps = static_cast<size_t>(KH) * static_cast<size_t>(KW);
  for (size_t c = 0; c < channels; ++c) {
    for (size_t tap = 0; tap < taps; ++tap) packed[tap * channels + c] = weight[c * taps + tap];
  }
}

}  // namespace pawl::kernels
