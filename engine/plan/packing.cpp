#include "engine/plan/packing.h"

#include "kernels/conv.h"
#include "kernels/conv_u8.h"
#include "kernels/cuda/conv.h"
#include "kernels/cuda/conv_u8.h"

namespace pawl::engine {

std::vector<std::byte> pack_conv(const Target& target, const float* weight, const ConvExtents& of) {
  const auto& [OC, IC, KH, KW] = of;
  std::vector<std::byte> packed;
  if (target.cuda()) {
    packed.resize(kernels::cuda::packed_conv_f16_halves(OC, IC, KH, KW) * sizeof(uint16_t));
    kernels::cuda::pack_conv_f16_weights(weight, OC, IC, KH, KW,
                                         reinterpret_cast<uint16_t*>(packed.data()));
  } else {
    packed.resize(kernels::packed_conv_floats(OC, IC, KH, KW) * sizeof(float));
    kernels::pack_conv_weights(weight, OC, IC, KH, KW, reinterpret_cast<float*>(packed.data()));
  }
  return packed;
}

std::vector<std::byte> pack_conv_u8(const Target& target, const int8_t* weight,
                                    const ConvExtents& of) {
  const auto& [OC, IC, KH, KW] = of;
  std::vector<std::byte> packed;
  if (target.cuda()) {
    packed.resize(kernels::cuda::packed_conv_u8_row_bytes(OC, IC, KH, KW));
    kernels::cuda::pack_conv_u8_rows(weight, OC, IC, KH, KW,
                                     reinterpret_cast<int8_t*>(packed.data()));
  } else {
    packed.resize(kernels::packed_conv_u8_bytes(OC, IC, KH, KW));
    kernels::pack_conv_u8_weights(weight, OC, IC, KH, KW, reinterpret_cast<int8_t*>(packed.data()));
  }
  return packed;
}

}  // namespace pawl::engine
