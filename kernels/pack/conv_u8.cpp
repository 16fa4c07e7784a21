#include "kernels/conv_u8.h"

#include <cstring>

#include "kernels/panel.h"

namespace pawl::kernels {
namespace {

size_t ceil_div(int32_t a, int32_t b) {
  return (static_cast<size_t>(a) + static_cast<size_t>(b) - 1) / static_cast<size_t>(b);
}

constexpr size_t kGroupBytes = size_t{kPanelChannels} * size_t{kConvU8Group};

}  // namespace

size_t packed_conv_u8_bytes(int32_t OC, int32_t IC, int32_t KH, int32_t KW) {
  return ceil_div(OC, kPanelChannels) * static_cast<size_t>(KH) * static_cast<size_t>(KW) *
         ceil_div(IC, kConvU8Group) * kGroupBytes;
}

void pack_conv_u8_weights(const int8_t* weight, int32_t OC, int32_t IC, int32_t KH, int32_t KW,
                          int8_t* packed) {
  const size_t taps = static_cast<size_t>(KH) * static_cast<size_t>(KW);
  const size_t ic_count = static_cast<size_t>(IC);
  const size_t groups = ceil_div(IC, kConvU8Group);
  const size_t block = size_t{kPanelChannels};
  const size_t group = size_t{kConvU8Group};
  std::memset(packed, 0, packed_conv_u8_bytes(OC, IC, KH, KW));
  for (size_t oc = 0; oc < static_cast<size_t>(OC); ++oc) {
    int8_t* panel = packed + oc / block * taps * groups * kGroupBytes + oc % block * group;
    for (size_t ic = 0; ic < ic_count; ++ic) {
      const int8_t* source = weight + (oc * ic_count + ic) * taps;
      for (size_t tap = 0; tap < taps; ++tap) {
        panel[(tap * groups + ic / group) * kGroupBytes + ic % group] = source[tap];
      }
    }
  }
}

}  // namespace pawl::kernels
