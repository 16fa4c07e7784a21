// The software GPU as a test holds it: the real loader (engine/runtime/cuda/driver.h) on the
// stand-in library, with its context, and what the device noticed.
#pragma once

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string>
#include <vector>

#include "engine/runtime/cuda/driver.h"
#include "tests/softgpu/control.h"

namespace pawl::softgpu {

// What the stand-in exports beside the driver's functions.
struct Control {
  void (*reset)() = nullptr;
  void (*set)(Option, int64_t) = nullptr;
  int32_t (*finding_count)() = nullptr;
  const char* (*finding)(int32_t) = nullptr;
  void (*clear_findings)() = nullptr;
  bool (*counters)(const char*, Counters*) = nullptr;
  const char* (*last_message)() = nullptr;

  Control() {
    void* library = dlopen(PAWL_SOFTGPU, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) ADD_FAILURE() << dlerror();
    const auto find = [&](const char* name, auto* function) {
      void* address = dlsym(library, name);
      std::memcpy(function, &address, sizeof(address));
    };
    find("softgpu_reset", &reset);
    find("softgpu_set", &set);
    find("softgpu_finding_count", &finding_count);
    find("softgpu_finding", &finding);
    find("softgpu_clear_findings", &clear_findings);
    find("softgpu_counters", &counters);
    find("softgpu_last_message", &last_message);
  }
};

inline const Control& control() {
  static const Control one;
  return one;
}

// A device as a new process finds it. Options are set before the context is made. One at a time.
class SoftGpu {
 public:
  struct Setting {
    Option option;
    int64_t value;
  };
  explicit SoftGpu(std::initializer_list<Setting> settings = {}) {
    control().reset();
    for (const Setting& s : settings) control().set(s.option, s.value);
    auto opened = cuda::Driver::open(PAWL_SOFTGPU);
    if (!opened.ok()) {
      ADD_FAILURE() << opened.error().message;
      return;
    }
    driver = std::move(opened).value();
    cuda::CUcontext context = nullptr;
    EXPECT_EQ(driver.cuDevicePrimaryCtxRetain(&context, 0), cuda::CUDA_SUCCESS);
  }
  ~SoftGpu() { control().reset(); }
  SoftGpu(const SoftGpu&) = delete;
  SoftGpu& operator=(const SoftGpu&) = delete;

  // Null, with a failed expectation, where the module is refused.
  cuda::CUmodule load(const char* image) const {
    cuda::CUmodule module = nullptr;
    EXPECT_EQ(driver.cuModuleLoadData(&module, image), cuda::CUDA_SUCCESS)
        << control().last_message();
    return module;
  }
  cuda::CUfunction function(cuda::CUmodule module, const char* name) const {
    cuda::CUfunction found = nullptr;
    EXPECT_EQ(driver.cuModuleGetFunction(&found, module, name), cuda::CUDA_SUCCESS) << name;
    return found;
  }

  cuda::CUdeviceptr allocate(size_t bytes) const {
    cuda::CUdeviceptr address = 0;
    EXPECT_EQ(driver.cuMemAlloc(&address, bytes), cuda::CUDA_SUCCESS);
    return address;
  }
  template <typename T>
  cuda::CUdeviceptr upload(const std::vector<T>& values) const {
    const cuda::CUdeviceptr address = allocate(values.size() * sizeof(T));
    EXPECT_EQ(driver.cuMemcpyHtoD(address, values.data(), values.size() * sizeof(T)),
              cuda::CUDA_SUCCESS);
    return address;
  }
  template <typename T>
  std::vector<T> download(cuda::CUdeviceptr address, size_t count) const {
    std::vector<T> values(count);
    EXPECT_EQ(driver.cuMemcpyDtoH(values.data(), address, count * sizeof(T)), cuda::CUDA_SUCCESS)
        << control().last_message();
    return values;
  }

  // On the null stream, and waits.
  template <typename... Parameters>
  cuda::CUresult launch(cuda::CUfunction function, unsigned grid, unsigned block,
                        Parameters... values) const {
    void* pointers[] = {static_cast<void*>(&values)..., nullptr};
    const cuda::CUresult launched =
        driver.cuLaunchKernel(function, grid, 1, 1, block, 1, 1, 0, nullptr, pointers, nullptr);
    return launched == cuda::CUDA_SUCCESS ? driver.cuCtxSynchronize() : launched;
  }

  std::string findings() const {
    std::string text;
    for (int32_t i = 0; i < control().finding_count(); ++i)
      text += std::string(control().finding(i)) + "\n";
    return text;
  }

  cuda::Driver driver;
};

}  // namespace pawl::softgpu
