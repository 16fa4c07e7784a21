#include "kernels/cuda/sppf.h"

namespace pawl::kernels::cuda {

// Tiles of 8x8 pixels and 32 bytes of channels.
Launch sppf_launch(const SppfParams& p) {
  const auto tiles = [](int32_t extent, int32_t size) {
    return static_cast<uint32_t>((extent + size - 1) / size);
  };
  return {"sppf",
          p.half ? "sppf_f16" : "sppf_u8",
          {tiles(p.W, 8), tiles(p.H, 8), tiles(p.channel_bytes, 32)},
          256};
}

}  // namespace pawl::kernels::cuda
