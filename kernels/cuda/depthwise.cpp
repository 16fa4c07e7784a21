#include "kernels/cuda/depthwise.h"

namespace pawl::kernels::cuda {

// Groups of eight channels are shared out evenly: ten are two CTAs of five, not of eight and two.
Launch depthwise_f16_launch(const DepthwiseParams& p) {
  constexpr uint32_t kThreads = 128;
  const auto groups = static_cast<uint32_t>((p.C + 7) / 8);
  const uint32_t columns = (groups + kDepthwiseGroups - 1) / kDepthwiseGroups;
  const uint32_t pixels_of_block = kThreads / ((groups + columns - 1) / columns);
  const auto pixels = static_cast<uint32_t>(p.OH) * static_cast<uint32_t>(p.OW);
  return {"depthwise",
          "depthwise_f16",
          {(pixels + pixels_of_block - 1) / pixels_of_block, columns, 1},
          kThreads};
}

}  // namespace pawl::kernels::cuda
