// A kernel to start: what a family says of one call, and all that a backend needs beside the
// parameters, which go by value.
#pragma once

#include <cstdint>

namespace pawl::kernels::cuda {

struct Launch {
  const char* family;  // kernels/cuda/<family>.cu
  const char* kernel;  // its entry
  uint32_t grid[3];
  uint32_t threads;  // of a block, one-dimensional; shared memory is static
};

}  // namespace pawl::kernels::cuda
