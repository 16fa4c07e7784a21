#include "kernels/cuda/candidates.h"

namespace pawl::kernels::cuda {

int32_t number_levels(CandidateLevel* levels, int32_t level_count) {
  int32_t pixels = 0, tiles = 0;
  for (int32_t i = 0; i < level_count; ++i) {
    levels[i].first_pixel = pixels;
    levels[i].first_tile = tiles;
    pixels += levels[i].count;
    tiles += (levels[i].count + kTilePixels - 1) / kTilePixels;
  }
  return tiles;
}

CandidatesMemory candidates_memory(int32_t tiles, int32_t pixels, int32_t tile_capacity) {
  const auto runs = static_cast<size_t>(tiles);
  return {runs * sizeof(uint32_t), runs * static_cast<size_t>(tile_capacity) * sizeof(uint64_t),
          static_cast<size_t>(pixels) * 4 * sizeof(float)};
}

Launch candidates_launch(const CandidatesParams& params) {
  return {"candidates", "candidates", {static_cast<uint32_t>(params.tiles), 1, 1}, 128};
}

}  // namespace pawl::kernels::cuda
