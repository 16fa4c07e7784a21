#include "engine/runtime/cuda/device_code.h"

#include <cstring>
#include <string>

#include "kernels/cuda/images.h"

namespace pawl::cuda {
namespace {

using kernels::cuda::DeviceImage;

// Machine code runs on devices of its generation that are no older; PTX on all that are no older.
bool runs_on(const DeviceImage& image, int32_t sm) {
  return image.sm <= sm && (!image.machine_code || image.sm / 10 == sm / 10);
}

const DeviceImage* newest(const char* family, int32_t sm, bool machine_code) {
  const DeviceImage* best = nullptr;
  for (const DeviceImage& image : kernels::cuda::device_images()) {
    if (std::strcmp(image.family, family) != 0 || image.machine_code != machine_code) continue;
    if (runs_on(image, sm) && (best == nullptr || image.sm > best->sm)) best = &image;
  }
  return best;
}

}  // namespace

platform::Result<CUmodule> load_device_code(const Driver& driver, int32_t sm, const char* family) {
  const std::string what = "device code " + std::string(family) + " for sm_" + std::to_string(sm);
  CUresult result = CUDA_ERROR_NO_BINARY_FOR_GPU;
  for (const bool machine_code : {true, false}) {
    const DeviceImage* image = newest(family, sm, machine_code);
    if (image == nullptr) continue;
    CUmodule module = nullptr;
    result = driver.cuModuleLoadData(&module, image->data);
    if (result == CUDA_SUCCESS) return module;
    if (result != CUDA_ERROR_NO_BINARY_FOR_GPU) break;
  }
  PAWL_TRY(driver.check(result, what));
  return platform::Error{platform::Code::kUnsupported, what};
}

}  // namespace pawl::cuda
