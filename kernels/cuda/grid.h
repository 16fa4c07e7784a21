// Grids of kernels that give each thread eight channels of a pixel (device/channels.cuh).
#pragma once

#include <cstdint>

#include "kernels/cuda/launch.h"

namespace pawl::kernels::cuda {

inline Launch channel_launch(const char* family, const char* kernel, int64_t pixels, int32_t C) {
  constexpr int64_t kThreads = 128;
  const int64_t groups = (C + 7) / 8;
  const auto blocks = static_cast<uint32_t>((pixels * groups + kThreads - 1) / kThreads);
  return {family, kernel, {blocks, 1, 1}, static_cast<uint32_t>(kThreads)};
}

}  // namespace pawl::kernels::cuda
