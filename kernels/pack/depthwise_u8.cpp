#include "kernels/depthwise_u8.h"

#include <cstddef>
#include <cstring>

#include "kernels/panel.h"

namespace pawl::kernels {
void pack_depthwise_u8_weights(const int8_t* weight, int32_t C, int32_t KH, int32_t KW,
                               int8_t* packed) {
  const size_t channels = static_cast<size_t>(C);
  const size_t block = size_t{kPanelChannels};
  const size_t taps = static_cast<size_t>(KH) * static_cast<size_t>(KW);
  const size_t row = (channels + block - 1) / block * block;
  std::memset(packed, 0, taps * row);
  for (size_t c = 0; c < channels; ++c) {
    for (size_t tap = 0; tap < taps; ++tap) packed[tap * row + c] = weight[c * taps + tap];
  }
}

}  // namespace pawl::kernels
