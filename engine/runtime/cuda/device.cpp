#include "engine/runtime/cuda/device.h"

#include "engine/runtime/cuda/device_code.h"

namespace pawl::cuda {

using platform::Code;
using platform::Error;
using platform::Result;
using platform::Status;

Result<std::unique_ptr<Device>> Device::open(const std::string& library) {
  std::unique_ptr<Device> made(new Device);
  Device& d = *made;
  d.driver_ = PAWL_TRY(Driver::open(library));
  const Driver& driver = d.driver_;
  int count = 0;
  PAWL_TRY(driver.check(driver.cuDeviceGetCount(&count), "counting CUDA devices"));
  if (count == 0) {
    return Error{Code::kUnsupported, "the CUDA driver sees no device; use a CPU target"};
  }
  PAWL_TRY(driver.check(driver.cuDeviceGet(&d.device_, 0), "opening the CUDA device"));
  const auto attribute = [&](CUdevice_attribute which, int* value) {
    return driver.check(driver.cuDeviceGetAttribute(value, which, d.device_),
                        "asking the CUDA device what it is");
  };
  int major = 0, minor = 0, multiprocessors = 0, integrated = 0;
  PAWL_TRY(attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, &major));
  PAWL_TRY(attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, &minor));
  PAWL_TRY(attribute(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, &multiprocessors));
  PAWL_TRY(attribute(CU_DEVICE_ATTRIBUTE_INTEGRATED, &integrated));
  char name[256] = {};
  PAWL_TRY(driver.check(driver.cuDeviceGetName(name, sizeof(name), d.device_),
                        "asking the CUDA device's name"));
  d.name_ = name;
  d.capability_ = 10 * major + minor;
  d.multiprocessors_ = multiprocessors;
  d.integrated_ = integrated != 0;
  PAWL_TRY(driver.check(driver.cuDevicePrimaryCtxRetain(&d.context_, d.device_),
                        "making a context on " + d.name_));
  PAWL_TRY(d.make_current());
  return made;
}

// Of a lost device nothing can be freed; what these calls return helps nobody.
Device::~Device() {
  if (context_ == nullptr) return;
  for (const auto& [family, module] : modules_) driver_.cuModuleUnload(module);
  driver_.cuDevicePrimaryCtxRelease(device_);
}

Status Device::make_current() const {
  return driver_.check(driver_.cuCtxSetCurrent(context_), "using " + name_);
}

Result<CUfunction> Device::function(const kernels::cuda::Launch& launch) {
  auto found = modules_.find(launch.family);
  if (found == modules_.end()) {
    const CUmodule module = PAWL_TRY(load_device_code(driver_, capability_, launch.family));
    found = modules_.emplace(launch.family, module).first;
  }
  CUfunction function = nullptr;
  PAWL_TRY(driver_.check(driver_.cuModuleGetFunction(&function, found->second, launch.kernel),
                         "kernel " + std::string(launch.kernel)));
  return function;
}

Result<DeviceMemory> DeviceMemory::allocate(const Device& device, size_t bytes) {
  DeviceMemory memory;
  PAWL_TRY(device.driver().check(device.driver().cuMemAlloc(&memory.address_, bytes),
                                 std::to_string(bytes) + " bytes of memory of " + device.name()));
  memory.device_ = &device;
  memory.bytes_ = bytes;
  return memory;
}

DeviceMemory::~DeviceMemory() {
  if (device_ != nullptr) device_->driver().cuMemFree(address_);
}

Result<PinnedMemory> PinnedMemory::allocate(const Device& device, size_t bytes) {
  PinnedMemory memory;
  const Driver& driver = device.driver();
  void* data = nullptr;
  PAWL_TRY(driver.check(
      driver.cuMemHostAlloc(&data, bytes, device.integrated() ? CU_MEMHOSTALLOC_DEVICEMAP : 0),
      std::to_string(bytes) + " bytes of pinned memory"));
  memory.device_ = &device;
  memory.data_ = static_cast<std::byte*>(data);
  memory.bytes_ = bytes;
  if (device.integrated()) {
    PAWL_TRY(driver.check(driver.cuMemHostGetDevicePointer(&memory.device_address_, data, 0),
                          "mapping pinned memory"));
  }
  return memory;
}

PinnedMemory::~PinnedMemory() {
  if (device_ != nullptr) device_->driver().cuMemFreeHost(data_);
}

}  // namespace pawl::cuda
