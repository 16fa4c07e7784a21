// Initialisation, the device, its primary context, errors, entry points by name.
#include <dlfcn.h>

#include <cstring>

#include "tests/softgpu/driver/gpu.h"

using namespace pawl::cuda;
using namespace pawl::softgpu;

namespace {

struct ErrorName {
  CUresult code;
  const char* name;
  const char* text;
};
constexpr ErrorName kErrors[] = {
    {CUDA_SUCCESS, "CUDA_SUCCESS", "no error"},
    {CUDA_ERROR_INVALID_VALUE, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {CUDA_ERROR_OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {CUDA_ERROR_NOT_INITIALIZED, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {CUDA_ERROR_NO_DEVICE, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {CUDA_ERROR_INVALID_DEVICE, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {CUDA_ERROR_INVALID_IMAGE, "CUDA_ERROR_INVALID_IMAGE", "device kernel image is invalid"},
    {CUDA_ERROR_INVALID_CONTEXT, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {CUDA_ERROR_NO_BINARY_FOR_GPU, "CUDA_ERROR_NO_BINARY_FOR_GPU",
     "no kernel image is available for execution on the device"},
    {CUDA_ERROR_ECC_UNCORRECTABLE, "CUDA_ERROR_ECC_UNCORRECTABLE",
     "uncorrectable ECC error encountered"},
    {CUDA_ERROR_INVALID_PTX, "CUDA_ERROR_INVALID_PTX", "a PTX JIT compilation failed"},
    {CUDA_ERROR_UNSUPPORTED_PTX_VERSION, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION",
     "the provided PTX was compiled with an unsupported toolchain."},
    {CUDA_ERROR_INVALID_HANDLE, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {CUDA_ERROR_NOT_FOUND, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {CUDA_ERROR_NOT_READY, "CUDA_ERROR_NOT_READY", "device not ready"},
    {CUDA_ERROR_ILLEGAL_ADDRESS, "CUDA_ERROR_ILLEGAL_ADDRESS",
     "an illegal memory access was encountered"},
    {CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES",
     "too many resources requested for launch"},
    {CUDA_ERROR_LAUNCH_TIMEOUT, "CUDA_ERROR_LAUNCH_TIMEOUT",
     "the launch timed out and was terminated"},
    {CUDA_ERROR_MISALIGNED_ADDRESS, "CUDA_ERROR_MISALIGNED_ADDRESS", "misaligned address"},
    {CUDA_ERROR_LAUNCH_FAILED, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
    {CUDA_ERROR_NOT_SUPPORTED, "CUDA_ERROR_NOT_SUPPORTED", "operation not supported"},
    {CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED",
     "operation not permitted when stream is capturing"},
    {CUDA_ERROR_UNKNOWN, "CUDA_ERROR_UNKNOWN", "unknown error"},
};

const ErrorName* find_error(CUresult code) {
  for (const ErrorName& e : kErrors) {
    if (e.code == code) return &e;
  }
  return nullptr;
}

}  // namespace

SOFTGPU_EXPORT CUresult cuInit(unsigned flags) {
  return call(Needs::kNothing, [&](Gpu& g) {
    if (flags != 0) return CUDA_ERROR_INVALID_VALUE;
    if (g.options.devices == 0) return CUDA_ERROR_NO_DEVICE;
    g.initialized = true;
    return CUDA_SUCCESS;
  });
}
SOFTGPU_EXPORT CUresult cuDriverGetVersion(int* version) {
  return call(Needs::kNothing, [&](Gpu& g) {
    *version = static_cast<int>(g.options.driver_version);
    return CUDA_SUCCESS;
  });
}
SOFTGPU_EXPORT CUresult cuDeviceGetCount(int* count) {
  return call(Needs::kInit, [&](Gpu&) {
    *count = 1;
    return CUDA_SUCCESS;
  });
}
SOFTGPU_EXPORT CUresult cuDeviceGet(CUdevice* device, int ordinal) {
  return call(Needs::kInit, [&](Gpu&) {
    if (ordinal != 0) return CUDA_ERROR_INVALID_DEVICE;
    *device = 0;
    return CUDA_SUCCESS;
  });
}
SOFTGPU_EXPORT CUresult cuDeviceGetName(char* name, int length, CUdevice device) {
  return call(Needs::kInit, [&](Gpu&) {
    if (device != 0 || length < 1) return CUDA_ERROR_INVALID_VALUE;
    std::strncpy(name, "Software GPU", static_cast<size_t>(length) - 1);
    name[length - 1] = '\0';
    return CUDA_SUCCESS;
  });
}
SOFTGPU_EXPORT CUresult cuDeviceTotalMem_v2(size_t* bytes, CUdevice) {
  return call(Needs::kInit, [&](Gpu& g) {
    *bytes = static_cast<size_t>(g.options.memory_bytes);
    return CUDA_SUCCESS;
  });
}
SOFTGPU_EXPORT CUresult cuDeviceGetAttribute(int* value, CUdevice_attribute attribute,
                                             CUdevice device) {
  return call(Needs::kInit, [&](Gpu& g) {
    if (device != 0) return CUDA_ERROR_INVALID_DEVICE;
    switch (attribute) {
      case CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
        *value = 1024;
        break;
      case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK:
        *value = 48 * 1024;
        break;
      case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN:
        *value = 99 * 1024;
        break;
      case CU_DEVICE_ATTRIBUTE_CLOCK_RATE:
        *value = 1020000;
        break;
      case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT:
        *value = 8;
        break;
      case CU_DEVICE_ATTRIBUTE_INTEGRATED:
        *value = static_cast<int>(g.options.integrated);
        break;
      case CU_DEVICE_ATTRIBUTE_CAN_MAP_HOST_MEMORY:
        *value = 1;
        break;
      case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR:
        *value = static_cast<int>(g.options.capability / 10);
        break;
      case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR:
        *value = static_cast<int>(g.options.capability % 10);
        break;
      default:
        return CUDA_ERROR_INVALID_VALUE;
    }
    return CUDA_SUCCESS;
  });
}

SOFTGPU_EXPORT CUresult cuDevicePrimaryCtxRetain(CUcontext* context, CUdevice device) {
  return call(Needs::kInit, [&](Gpu& g) {
    if (device != 0) return CUDA_ERROR_INVALID_DEVICE;
    if (g.context_references++ == 0) {
      g.memory = std::make_unique<DeviceMemory>(static_cast<size_t>(g.options.memory_bytes));
    }
    *context = &g.context;
    return CUDA_SUCCESS;
  });
}
SOFTGPU_EXPORT CUresult cuDevicePrimaryCtxRelease_v2(CUdevice) {
  return call(Needs::kNothing, [&](Gpu& g) {
    if (g.context_references == 0) return CUDA_ERROR_INVALID_CONTEXT;
    if (--g.context_references == 0) g.drop_context();
    return CUDA_SUCCESS;
  });
}
SOFTGPU_EXPORT CUresult cuCtxSetCurrent(CUcontext context) {
  return call(Needs::kInit, [&](Gpu& g) {
    return context == nullptr || context == &g.context ? CUDA_SUCCESS : CUDA_ERROR_INVALID_CONTEXT;
  });
}
SOFTGPU_EXPORT CUresult cuCtxSynchronize() {
  return call(Needs::kContext, [&](Gpu& g) {
    if (g.capturing()) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    g.drain_all();
    return CUDA_SUCCESS;
  });
}

SOFTGPU_EXPORT CUresult cuGetErrorName(CUresult code, const char** name) {
  const ErrorName* found = find_error(code);
  *name = found == nullptr ? nullptr : found->name;
  return found == nullptr ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}
SOFTGPU_EXPORT CUresult cuGetErrorString(CUresult code, const char** text) {
  const ErrorName* found = find_error(code);
  *text = found == nullptr ? nullptr : found->text;
  return found == nullptr ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}

// By the plain name, as the driver has it: the newest version of the function that is here.
SOFTGPU_EXPORT CUresult cuGetProcAddress_v2(const char* symbol, void** function, int, uint64_t,
                                            int32_t* status) {
  Dl_info self{};
  if (dladdr(reinterpret_cast<void*>(&cuInit), &self) == 0) return CUDA_ERROR_UNKNOWN;
  void* library = dlopen(self.dli_fname, RTLD_NOW | RTLD_NOLOAD);
  const std::string name = symbol;
  *function = dlsym(library, (name + "_v2").c_str());
  if (*function == nullptr) *function = dlsym(library, name.c_str());
  if (library != nullptr) dlclose(library);
  if (status != nullptr) *status = *function == nullptr ? 1 : 0;
  return *function == nullptr ? CUDA_ERROR_NOT_FOUND : CUDA_SUCCESS;
}
