// Grids of kernels that give each thread an element, or eight channels of a pixel
// (device/channels.cuh).
#pragma once

#include <cstdint>

#include "kernels/cuda/launch.h"

namespace pawl::kernels::cuda {

inline Launch element_launch(const char* family, const char* kernel, int64_t elements) {
  constexpr int64_t kThreads = 128;
  const auto blocks = static_cast<uint32_t>((elements + kThreads - 1) / kThreads);
  return {family, kernel, {blocks, 1, 1}, static_cast<uint32_t>(kThreads)};
}

inline Launch channel_launch(const char* family, const char* kernel, int64_t pixels, int32_t C) {
  return element_launch(family, kernel, pixels * ((C + 7) / 8));
}

}  // namespace pawl::kernels::cuda
