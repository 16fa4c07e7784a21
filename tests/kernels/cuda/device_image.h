// Images of float16 on the software GPU, as kernels find them: what lies between the channels of one
// pixel and the next was never written, so a read of it is a finding, and must not be written.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "engine/runtime/cuda/device_code.h"
#include "kernels/cuda/launch.h"
#include "kernels/half.h"
#include "tests/softgpu/softgpu.h"

namespace pawl::kernels::cuda {

// P pixels of C channels; every value is a half exactly.
struct HalfImage {
  HalfImage(int64_t pixels, int32_t channels, int32_t gap, std::mt19937* random)
      : P(pixels), C(channels), stride((channels + 7) / 8 * 8 + gap) {
    std::uniform_real_distribution<float> uniform(-2.0F, 2.0F);
    values.resize(static_cast<size_t>(P * C));
    for (float& v : values) v = half_value(half_bits(uniform(*random)));
  }
  size_t bytes() const { return static_cast<size_t>((P - 1) * stride + C) * 2; }

  // `written`: else the memory of an output.
  pawl::cuda::CUdeviceptr upload(const softgpu::SoftGpu& gpu, bool written) const {
    const auto address = gpu.allocate(bytes());
    if (!written) return address;
    std::vector<uint16_t> halves(static_cast<size_t>(C));
    for (int64_t p = 0; p < P; ++p) {
      for (int32_t c = 0; c < C; ++c)
        halves[static_cast<size_t>(c)] = half_bits(values[static_cast<size_t>(p * C + c)]);
      gpu.driver.cuMemcpyHtoD(address + static_cast<uint64_t>(p * stride) * 2, halves.data(),
                              halves.size() * 2);
    }
    return address;
  }

  // What differs from `values` by more than relative * |value| + absolute; findings come first.
  std::string compare(const softgpu::SoftGpu& gpu, pawl::cuda::CUdeviceptr at, double relative,
                      double absolute) const {
    std::string wrong = gpu.findings();
    std::vector<uint16_t> row(static_cast<size_t>(C));
    for (int64_t p = 0; p < P && wrong.empty(); ++p) {
      gpu.driver.cuMemcpyDtoH(row.data(), at + static_cast<uint64_t>(p * stride) * 2,
                              row.size() * 2);
      for (int32_t c = 0; c < C && wrong.empty(); ++c) {
        const double found = static_cast<double>(half_value(row[static_cast<size_t>(c)]));
        const auto wanted = static_cast<double>(values[static_cast<size_t>(p * C + c)]);
        if (found == wanted || std::abs(found - wanted) <= relative * std::abs(wanted) + absolute)
          continue;
        wrong = "pixel " + std::to_string(p) + " channel " + std::to_string(c) + ": " +
                std::to_string(found) + ", expected " + std::to_string(wanted);
      }
    }
    if (wrong.empty()) wrong = gpu.findings();
    const auto gap = static_cast<size_t>(stride - C);
    std::vector<uint16_t> between(gap);
    for (int64_t p = 0; p + 1 < P && gap > 0 && wrong.empty(); ++p) {
      gpu.driver.cuMemcpyDtoH(between.data(), at + static_cast<uint64_t>(p * stride + C) * 2,
                              gap * 2);
      if (std::all_of(between.begin(), between.end(), [](uint16_t v) { return v == 0xCBCB; }))
        continue;
      wrong = "the gap behind pixel " + std::to_string(p) + " was written";
    }
    softgpu::control().clear_findings();  // of the reads of the gaps just now
    return wrong;
  }

  int64_t P;
  int32_t C, stride;
  std::vector<float> values;  // dense
};

// The device code of a family; where PAWL_PLANTED is "family=file", the PTX of that file for this one:
// how faults_noticed.py lets a test meet a kernel with a fault. Null, and why in `message`.
inline pawl::cuda::CUmodule load_family(const softgpu::SoftGpu& gpu, const char* family,
                                        std::string* message) {
  const char* planted = std::getenv("PAWL_PLANTED");
  const std::string prefix = std::string(family) + "=";
  if (planted != nullptr && std::string(planted).compare(0, prefix.size(), prefix) == 0) {
    std::ifstream file(planted + prefix.size());
    const std::string ptx{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    return gpu.load(ptx.c_str());
  }
  auto module = pawl::cuda::load_device_code(gpu.driver, 80, family);
  if (module.ok()) return module.value();
  *message = module.error().message + ": " + softgpu::control().last_message();
  return nullptr;
}

// One launch of a family's kernel on the null stream, waited for; "" or what the driver said.
template <typename Params>
std::string run_launch(const softgpu::SoftGpu& gpu, const Launch& launch, Params params) {
  std::string message = "no module";
  const auto module = load_family(gpu, launch.family, &message);
  if (module == nullptr) return message;
  softgpu::control().clear_findings();
  void* pointers[] = {static_cast<void*>(&params), nullptr};
  auto result = gpu.driver.cuLaunchKernel(gpu.function(module, launch.kernel), launch.grid[0],
                                          launch.grid[1], launch.grid[2], launch.threads, 1, 1, 0,
                                          nullptr, pointers, nullptr);
  if (result == pawl::cuda::CUDA_SUCCESS) result = gpu.driver.cuCtxSynchronize();
  gpu.driver.cuModuleUnload(module);
  return result == pawl::cuda::CUDA_SUCCESS ? "" : softgpu::control().last_message();
}

template <typename T>
T* device_pointer(pawl::cuda::CUdeviceptr address) {
  return reinterpret_cast<T*>(address);
}

}  // namespace pawl::kernels::cuda
