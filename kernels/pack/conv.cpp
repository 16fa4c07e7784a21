#include "kernels/conv.h"

#include <cstring>

#include "kernels/panel.h"

namespace pawl::kernels {
namespace {

size_t panels_of(int32_t OC) {
  return (static_cast<size_t>(OC) + kPanelChannels - 1) / static_cast<size_t>(kPanelChannels);
}

}  // namespace

size_t packed_conv_floats(int32_t OC, int32_t IC, int32_t KH, int32_t KW) {
  return panels_of(OC) * static_cast<size_t>(KH) * static_cast<size_t>(KW) *
         static_cast<size_t>(IC) * static_cast<size_t>(kPanelChannels);
}

void pack_conv_weights(const float* weight, int32_t OC, int32_t IC, int32_t KH, int32_t KW,
                       float* packed) {
  const size_t taps = static_cast<size_t>(KH) * static_cast<size_t>(KW);
  const size_t ic_count = static_cast<size_t>(IC);
  const size_t block = static_cast<size_t>(kPanelChannels);
  std::memset(packed, 0, packed_conv_floats(OC, IC, KH, KW) * sizeof(float));
  for (size_t oc = 0; oc < static_cast<size_t>(OC); ++oc) {
    float* panel = packed + oc / block * taps * ic_count * block + oc % block;
    for (size_t ic = 0; ic < ic_count; ++ic) {
      const float* source = weight + (oc * ic_count + ic) * taps;
      for (size_t tap = 0; tap < taps; ++tap) {
        panel[(tap * ic_count + ic) * block] = source[tap];
      }
    }
  }
}

}  // namespace pawl::kernels
