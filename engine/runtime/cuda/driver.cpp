#include "engine/runtime/cuda/driver.h"

#include <dlfcn.h>

#include <cstring>

namespace pawl::cuda {
namespace {

using platform::Code;
using platform::Error;

// Copies symbols into function pointers; remembers the first that is missing.
class Symbols {
 public:
  explicit Symbols(void* library) : library_(library) {}

  template <typename Function>
  void find(const char* symbol, Function** function) {
    void* address = dlsym(library_, symbol);
    if (address == nullptr && missing_ == nullptr) missing_ = symbol;
    static_assert(sizeof(*function) == sizeof(address));
    std::memcpy(function, &address, sizeof(address));
  }
  const char* missing() const { return missing_; }

 private:
  void* library_;
  const char* missing_ = nullptr;
};

// The versions of CUDA 11.4 (JetPack 5), which every later driver still exports.
void bind(Symbols& s, Driver* d) {
  s.find("cuInit", &d->cuInit);
  s.find("cuDriverGetVersion", &d->cuDriverGetVersion);
  s.find("cuGetErrorName", &d->cuGetErrorName);
  s.find("cuGetErrorString", &d->cuGetErrorString);
  s.find("cuDeviceGetCount", &d->cuDeviceGetCount);
  s.find("cuDeviceGet", &d->cuDeviceGet);
  s.find("cuDeviceGetName", &d->cuDeviceGetName);
  s.find("cuDeviceGetAttribute", &d->cuDeviceGetAttribute);
  s.find("cuDeviceTotalMem_v2", &d->cuDeviceTotalMem);
  s.find("cuDevicePrimaryCtxRetain", &d->cuDevicePrimaryCtxRetain);
  s.find("cuDevicePrimaryCtxRelease_v2", &d->cuDevicePrimaryCtxRelease);
  s.find("cuCtxSetCurrent", &d->cuCtxSetCurrent);
  s.find("cuCtxSynchronize", &d->cuCtxSynchronize);
  s.find("cuModuleLoadData", &d->cuModuleLoadData);
  s.find("cuModuleUnload", &d->cuModuleUnload);
  s.find("cuModuleGetFunction", &d->cuModuleGetFunction);
  s.find("cuFuncGetAttribute", &d->cuFuncGetAttribute);
  s.find("cuFuncSetAttribute", &d->cuFuncSetAttribute);
  s.find("cuLaunchKernel", &d->cuLaunchKernel);
  s.find("cuMemGetInfo_v2", &d->cuMemGetInfo);
  s.find("cuMemAlloc_v2", &d->cuMemAlloc);
  s.find("cuMemFree_v2", &d->cuMemFree);
  s.find("cuMemHostAlloc", &d->cuMemHostAlloc);
  s.find("cuMemHostGetDevicePointer_v2", &d->cuMemHostGetDevicePointer);
  s.find("cuMemFreeHost", &d->cuMemFreeHost);
  s.find("cuMemcpyHtoD_v2", &d->cuMemcpyHtoD);
  s.find("cuMemcpyDtoH_v2", &d->cuMemcpyDtoH);
  s.find("cuMemcpyHtoDAsync_v2", &d->cuMemcpyHtoDAsync);
  s.find("cuMemcpyDtoHAsync_v2", &d->cuMemcpyDtoHAsync);
  s.find("cuMemsetD8Async", &d->cuMemsetD8Async);
  s.find("cuStreamCreate", &d->cuStreamCreate);
  s.find("cuStreamDestroy_v2", &d->cuStreamDestroy);
  s.find("cuStreamSynchronize", &d->cuStreamSynchronize);
  s.find("cuStreamWaitEvent", &d->cuStreamWaitEvent);
  s.find("cuEventCreate", &d->cuEventCreate);
  s.find("cuEventDestroy_v2", &d->cuEventDestroy);
  s.find("cuEventRecord", &d->cuEventRecord);
  s.find("cuEventSynchronize", &d->cuEventSynchronize);
  s.find("cuEventElapsedTime", &d->cuEventElapsedTime);
  s.find("cuStreamBeginCapture_v2", &d->cuStreamBeginCapture);
  s.find("cuStreamEndCapture", &d->cuStreamEndCapture);
  s.find("cuGraphInstantiateWithFlags", &d->cuGraphInstantiateWithFlags);
  s.find("cuGraphLaunch", &d->cuGraphLaunch);
  s.find("cuGraphExecUpdate", &d->cuGraphExecUpdate);
  s.find("cuGraphExecDestroy", &d->cuGraphExecDestroy);
  s.find("cuGraphDestroy", &d->cuGraphDestroy);
}

}  // namespace

platform::Result<Driver> Driver::open(const std::string& library) {
  // Never closed: a driver keeps threads and handlers for as long as the process lives.
  void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    return Error{Code::kUnsupported, "no CUDA driver (" + std::string(dlerror()) +
                                         "): install the device's driver, or use a CPU target"};
  }
  Driver driver;
  Symbols symbols(handle);
  bind(symbols, &driver);
  if (symbols.missing() != nullptr) {
    return Error{Code::kUnsupported, "the CUDA driver lacks " + std::string(symbols.missing()) +
                                         ": update it to 11.4 (JetPack 5) or newer"};
  }
  PAWL_TRY(driver.check(driver.cuInit(0), "starting the CUDA driver"));
  return driver;
}

platform::Status Driver::check(CUresult result, const std::string& what) const {
  if (result == CUDA_SUCCESS) return {};
  const char *name = nullptr, *text = nullptr;
  cuGetErrorName(result, &name);
  cuGetErrorString(result, &text);
  const std::string shown = name == nullptr ? "error " + std::to_string(result) : name;
  const Code code = result == CUDA_ERROR_OUT_OF_MEMORY ? Code::kExhausted
                    : result == CUDA_ERROR_NO_DEVICE || result == CUDA_ERROR_NO_BINARY_FOR_GPU ||
                            result == CUDA_ERROR_UNSUPPORTED_PTX_VERSION
                        ? Code::kUnsupported
                        : Code::kIo;
  return Error{code,
               what + ": " + (text == nullptr ? "" : std::string(text) + " ") + "(" + shown + ")"};
}

}  // namespace pawl::cuda
