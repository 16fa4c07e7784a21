// Device code as it was built in: for each family machine code per architecture, and PTX for devices
// newer than all of them. Without a CUDA toolkit at build time there is none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace pawl::kernels::cuda {

struct DeviceImage {
  const char* family;  // "conv": kernels/cuda/conv.cu
  int32_t sm;          // 87 for sm_87; of PTX the least it runs on
  bool machine_code;   // else PTX text, which ends in a zero
  const unsigned char* data;
  size_t bytes;
};

std::span<const DeviceImage> device_images();

}  // namespace pawl::kernels::cuda
