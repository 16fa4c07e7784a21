#include "kernels/cuda/conv_u8.h"

namespace pawl::kernels::cuda {
namespace {

constexpr int32_t kChunk = 16;  // channels in 16 bytes
int32_t rounded_up(int32_t channels) {
  return (channels + kChunk - 1) / kChunk * kChunk;
}

}  // namespace

ConvU8Grid conv_u8_grid(const ConvU8Variant& variant, const ConvU8LaunchParams& params) {
  const int32_t pixels = params.OH * params.OW;
  return {static_cast<uint32_t>((pixels + variant.tile_pixels - 1) / variant.tile_pixels),
          static_cast<uint32_t>((params.OC + variant.tile_channels - 1) / variant.tile_channels)};
}

size_t packed_conv_u8_row_bytes(int32_t OC, int32_t IC, int32_t KH, int32_t KW) {
  return static_cast<size_t>(OC) * static_cast<size_t>(KH) * static_cast<size_t>(KW) *
         static_cast<size_t>(rounded_up(IC));
}

void pack_conv_u8_rows(const int8_t* weight, int32_t OC, int32_t IC, int32_t KH, int32_t KW,
                       int8_t* packed) {
  const ptrdiff_t taps = ptrdiff_t{KH} * KW;
  const int32_t channels = rounded_up(IC);
  for (ptrdiff_t oc = 0; oc < OC; ++oc) {
    for (ptrdiff_t tap = 0; tap < taps; ++tap) {
      for (int32_t ic = 0; ic < channels; ++ic) {
        *packed++ = ic < IC ? weight[(oc * IC + ic) * taps + tap] : int8_t{0};
      }
    }
  }
}

}  // namespace pawl::kernels::cuda
