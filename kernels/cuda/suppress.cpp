#include "kernels/cuda/suppress.h"

namespace pawl::kernels::cuda {

SuppressMemory suppress_memory(int32_t tiles, int32_t tile_capacity, int32_t detections_max) {
  return {static_cast<size_t>(tiles) * static_cast<size_t>(tile_capacity) * sizeof(uint64_t),
          static_cast<size_t>(detections_max) * sizeof(KeptBox)};
}

Launch suppress_launch(const SuppressParams&) {
  return {"suppress", "suppress", {1, 1, 1}, static_cast<uint32_t>(kFewCandidates)};
}

}  // namespace pawl::kernels::cuda
