// Proves: the part of the driver's interface that driver_types.h and driver.h state is cuda.h's: the
// same values, and functions with the same number and sizes of parameters. Built where a toolkit is.
#include <gtest/gtest.h>

#include "engine/runtime/cuda/driver.h"

// A macro there.
constexpr uint32_t kDeviceMap = pawl::cuda::CU_MEMHOSTALLOC_DEVICEMAP;

// Without its macros that rename functions, so that every version has its own name.
#define __CUDA_API_VERSION_INTERNAL 1
#include <cuda.h>

namespace pawl::cuda {
namespace {

// A pointer or a number of one size: what a call's registers see.
template <typename A, typename B>
constexpr bool kSameParameter =
    sizeof(A) == sizeof(B) && std::is_pointer_v<A> == std::is_pointer_v<B>;

template <typename... A, typename... B>
constexpr bool same(CUresult (*)(A...), ::CUresult (*)(B...)) {
  if constexpr (sizeof...(A) == sizeof...(B)) {
    return (kSameParameter<A, B> && ...);
  } else {
    return false;
  }
}

#define SAME_VALUE(name) \
  static_assert(static_cast<int>(pawl::cuda::name) == static_cast<int>(::name))
#define SAME_FUNCTION(member, symbol) \
  static_assert(same(decltype(Driver::member){}, decltype(&::symbol){}))

SAME_VALUE(CUDA_SUCCESS);
SAME_VALUE(CUDA_ERROR_INVALID_VALUE);
SAME_VALUE(CUDA_ERROR_OUT_OF_MEMORY);
SAME_VALUE(CUDA_ERROR_NOT_INITIALIZED);
SAME_VALUE(CUDA_ERROR_DEINITIALIZED);
SAME_VALUE(CUDA_ERROR_NO_DEVICE);
SAME_VALUE(CUDA_ERROR_INVALID_DEVICE);
SAME_VALUE(CUDA_ERROR_INVALID_IMAGE);
SAME_VALUE(CUDA_ERROR_INVALID_CONTEXT);
SAME_VALUE(CUDA_ERROR_NO_BINARY_FOR_GPU);
SAME_VALUE(CUDA_ERROR_ECC_UNCORRECTABLE);
SAME_VALUE(CUDA_ERROR_INVALID_PTX);
SAME_VALUE(CUDA_ERROR_UNSUPPORTED_PTX_VERSION);
SAME_VALUE(CUDA_ERROR_INVALID_HANDLE);
SAME_VALUE(CUDA_ERROR_NOT_FOUND);
SAME_VALUE(CUDA_ERROR_NOT_READY);
SAME_VALUE(CUDA_ERROR_ILLEGAL_ADDRESS);
SAME_VALUE(CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES);
SAME_VALUE(CUDA_ERROR_LAUNCH_TIMEOUT);
SAME_VALUE(CUDA_ERROR_MISALIGNED_ADDRESS);
SAME_VALUE(CUDA_ERROR_LAUNCH_FAILED);
SAME_VALUE(CUDA_ERROR_NOT_SUPPORTED);
SAME_VALUE(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
SAME_VALUE(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
SAME_VALUE(CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE);
SAME_VALUE(CUDA_ERROR_UNKNOWN);
SAME_VALUE(CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK);
SAME_VALUE(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK);
SAME_VALUE(CU_DEVICE_ATTRIBUTE_CLOCK_RATE);
SAME_VALUE(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
SAME_VALUE(CU_DEVICE_ATTRIBUTE_INTEGRATED);
SAME_VALUE(CU_DEVICE_ATTRIBUTE_CAN_MAP_HOST_MEMORY);
SAME_VALUE(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
SAME_VALUE(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
SAME_VALUE(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN);
SAME_VALUE(CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK);
SAME_VALUE(CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES);
SAME_VALUE(CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES);
SAME_VALUE(CU_FUNC_ATTRIBUTE_NUM_REGS);
SAME_VALUE(CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES);
SAME_VALUE(CU_STREAM_CAPTURE_MODE_GLOBAL);
SAME_VALUE(CU_STREAM_CAPTURE_MODE_THREAD_LOCAL);
SAME_VALUE(CU_STREAM_CAPTURE_MODE_RELAXED);

SAME_FUNCTION(cuInit, cuInit);
SAME_FUNCTION(cuDriverGetVersion, cuDriverGetVersion);
SAME_FUNCTION(cuGetErrorName, cuGetErrorName);
SAME_FUNCTION(cuGetErrorString, cuGetErrorString);
SAME_FUNCTION(cuDeviceGetCount, cuDeviceGetCount);
SAME_FUNCTION(cuDeviceGet, cuDeviceGet);
SAME_FUNCTION(cuDeviceGetName, cuDeviceGetName);
SAME_FUNCTION(cuDeviceGetAttribute, cuDeviceGetAttribute);
SAME_FUNCTION(cuDeviceTotalMem, cuDeviceTotalMem_v2);
SAME_FUNCTION(cuDevicePrimaryCtxRetain, cuDevicePrimaryCtxRetain);
SAME_FUNCTION(cuDevicePrimaryCtxRelease, cuDevicePrimaryCtxRelease_v2);
SAME_FUNCTION(cuCtxSetCurrent, cuCtxSetCurrent);
SAME_FUNCTION(cuCtxSynchronize, cuCtxSynchronize);
SAME_FUNCTION(cuModuleLoadData, cuModuleLoadData);
SAME_FUNCTION(cuModuleUnload, cuModuleUnload);
SAME_FUNCTION(cuModuleGetFunction, cuModuleGetFunction);
SAME_FUNCTION(cuFuncGetAttribute, cuFuncGetAttribute);
SAME_FUNCTION(cuFuncSetAttribute, cuFuncSetAttribute);
SAME_FUNCTION(cuLaunchKernel, cuLaunchKernel);
SAME_FUNCTION(cuMemGetInfo, cuMemGetInfo_v2);
SAME_FUNCTION(cuMemAlloc, cuMemAlloc_v2);
SAME_FUNCTION(cuMemFree, cuMemFree_v2);
SAME_FUNCTION(cuMemHostAlloc, cuMemHostAlloc);
SAME_FUNCTION(cuMemHostGetDevicePointer, cuMemHostGetDevicePointer_v2);
SAME_FUNCTION(cuMemFreeHost, cuMemFreeHost);
SAME_FUNCTION(cuMemcpyHtoD, cuMemcpyHtoD_v2);
SAME_FUNCTION(cuMemcpyDtoH, cuMemcpyDtoH_v2);
SAME_FUNCTION(cuMemcpyHtoDAsync, cuMemcpyHtoDAsync_v2);
SAME_FUNCTION(cuMemcpyDtoHAsync, cuMemcpyDtoHAsync_v2);
SAME_FUNCTION(cuMemsetD8Async, cuMemsetD8Async);
SAME_FUNCTION(cuStreamCreate, cuStreamCreate);
SAME_FUNCTION(cuStreamDestroy, cuStreamDestroy_v2);
SAME_FUNCTION(cuStreamSynchronize, cuStreamSynchronize);
SAME_FUNCTION(cuStreamWaitEvent, cuStreamWaitEvent);
SAME_FUNCTION(cuEventCreate, cuEventCreate);
SAME_FUNCTION(cuEventDestroy, cuEventDestroy_v2);
SAME_FUNCTION(cuEventRecord, cuEventRecord);
SAME_FUNCTION(cuEventSynchronize, cuEventSynchronize);
SAME_FUNCTION(cuEventElapsedTime, cuEventElapsedTime);
SAME_FUNCTION(cuStreamBeginCapture, cuStreamBeginCapture_v2);
SAME_FUNCTION(cuStreamEndCapture, cuStreamEndCapture);
SAME_FUNCTION(cuGraphInstantiateWithFlags, cuGraphInstantiateWithFlags);
SAME_FUNCTION(cuGraphLaunch, cuGraphLaunch);
SAME_FUNCTION(cuGraphExecUpdate, cuGraphExecUpdate);
SAME_FUNCTION(cuGraphExecDestroy, cuGraphExecDestroy);
SAME_FUNCTION(cuGraphDestroy, cuGraphDestroy);

static_assert(sizeof(CUdevice) == sizeof(::CUdevice) &&
              sizeof(CUdeviceptr) == sizeof(::CUdeviceptr));
constexpr uint32_t kNonBlocking = CU_STREAM_NON_BLOCKING, kDisableTiming = CU_EVENT_DISABLE_TIMING;
static_assert(kNonBlocking == static_cast<uint32_t>(::CU_STREAM_NON_BLOCKING));
static_assert(kDisableTiming == static_cast<uint32_t>(::CU_EVENT_DISABLE_TIMING));

static_assert(kDeviceMap == CU_MEMHOSTALLOC_DEVICEMAP);

TEST(DriverTypes, AreTheDrivers) {
  SUCCEED() << "the compiler checked them";
}

}  // namespace
}  // namespace pawl::cuda
