// An opened CUDA device: its driver, its context, its memory and the kernels that were built in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "engine/runtime/cuda/driver.h"
#include "kernels/cuda/launch.h"
#include "platform/result.h"

namespace pawl::cuda {

// The process's context on the first device. Threads: the calls of one device come from one thread
// at a time, each after make_current() on that thread.
class Device {
 public:
  // `library` is the driver's file name. Errors: kUnsupported (no driver, no device, too old), kIo.
  static platform::Result<std::unique_ptr<Device>> open(const std::string& library);
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  const Driver& driver() const { return driver_; }
  const std::string& name() const { return name_; }
  int32_t capability() const { return capability_; }  // 87 for sm_87
  int32_t multiprocessors() const { return multiprocessors_; }
  bool integrated() const { return integrated_; }  // its memory is the host's: nothing is copied

  platform::Status make_current() const;

  // Loads the family's module the first time.
  platform::Result<CUfunction> function(const kernels::cuda::Launch& launch);

 private:
  Device() = default;

  Driver driver_;
  CUdevice device_ = 0;
  CUcontext context_ = nullptr;
  std::string name_;
  int32_t capability_ = 0, multiprocessors_ = 0;
  bool integrated_ = false;
  std::map<std::string, CUmodule> modules_;
};

// Memory of a device, freed with its owner. The device must outlive it.
class DeviceMemory {
 public:
  static platform::Result<DeviceMemory> allocate(const Device& device, size_t bytes);
  DeviceMemory() = default;
  DeviceMemory(DeviceMemory&& other) noexcept { swap(other); }
  DeviceMemory& operator=(DeviceMemory&& other) noexcept {
    swap(other);
    return *this;
  }
  ~DeviceMemory();

  CUdeviceptr address() const { return address_; }
  size_t bytes() const { return bytes_; }

 private:
  void swap(DeviceMemory& other) noexcept {
    std::swap(device_, other.device_);
    std::swap(address_, other.address_);
    std::swap(bytes_, other.bytes_);
  }
  const Device* device_ = nullptr;
  CUdeviceptr address_ = 0;
  size_t bytes_ = 0;
};

// Memory of the host that the device copies from without another copy; on an integrated device it
// reads it in place, at device_address().
class PinnedMemory {
 public:
  static platform::Result<PinnedMemory> allocate(const Device& device, size_t bytes);
  PinnedMemory() = default;
  PinnedMemory(PinnedMemory&& other) noexcept { swap(other); }
  PinnedMemory& operator=(PinnedMemory&& other) noexcept {
    swap(other);
    return *this;
  }
  ~PinnedMemory();

  std::byte* data() const { return data_; }
  CUdeviceptr device_address() const { return device_address_; }  // 0: not mapped
  size_t bytes() const { return bytes_; }

 private:
  void swap(PinnedMemory& other) noexcept {
    std::swap(device_, other.device_);
    std::swap(data_, other.data_);
    std::swap(device_address_, other.device_address_);
    std::swap(bytes_, other.bytes_);
  }
  const Device* device_ = nullptr;
  std::byte* data_ = nullptr;
  CUdeviceptr device_address_ = 0;
  size_t bytes_ = 0;
};

}  // namespace pawl::cuda
