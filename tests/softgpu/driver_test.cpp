// Proves: the loader finds the driver, or says what is missing; the stand-in keeps the driver's
// rules that host code leans on: work happens when it is waited for, graphs repeat what was
// captured, fatal errors stick until the context goes, images and versions are refused as they
// should be, injected faults arrive where they were put.
#include "engine/runtime/cuda/driver.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/runtime/cuda/device_code.h"
#include "tests/softgpu/kernel_text.h"
#include "tests/softgpu/softgpu.h"

namespace pawl::softgpu {
namespace {

using namespace cuda;

const std::string kAddOne =
    kernel_text("ld.global.u32 %r1, [%mine]; add.u32 %r1, %r1, 1; st.global.u32 [%mine], %r1;");

// A stream on which a kernel adds 1 to 32 numbers.
struct Adder {
  explicit Adder(SoftGpu& of) : gpu(of) {
    function = gpu.function(gpu.load(kAddOne.c_str()), "k");
    data = gpu.upload(std::vector<int32_t>(32, 0));
    EXPECT_EQ(gpu.driver.cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING), CUDA_SUCCESS);
  }
  CUresult add() {
    void* parameters[] = {&data};
    return gpu.driver.cuLaunchKernel(function, 1, 1, 1, 32, 1, 1, 0, stream, parameters, nullptr);
  }
  int32_t value() { return gpu.download<int32_t>(data, 1)[0]; }
  SoftGpu& gpu;
  CUfunction function;
  CUdeviceptr data;
  CUstream stream = nullptr;
};

TEST(Driver, SaysWhatIsMissing) {
  const auto none = Driver::open("libpawl-no-such-driver.so.1");
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code, platform::Code::kUnsupported);
  EXPECT_EQ(none.error().message.rfind("no CUDA driver (libpawl-no-such-driver.so.1", 0), 0U)
      << none.error().message;
  const auto other = Driver::open("libc.so.6");
  ASSERT_FALSE(other.ok());
  EXPECT_NE(other.error().message.find("lacks cuInit"), std::string::npos) << other.error().message;
  control().reset();
  control().set(Option::kDevices, 0);
  const auto no_device = Driver::open(PAWL_SOFTGPU);
  ASSERT_FALSE(no_device.ok());
  EXPECT_EQ(no_device.error().code, platform::Code::kUnsupported);
  EXPECT_EQ(no_device.error().message,
            "starting the CUDA driver: no CUDA-capable device is detected (CUDA_ERROR_NO_DEVICE)");
  control().reset();
}

TEST(Driver, WorkHappensWhenItIsWaitedFor) {
  SoftGpu gpu;
  Adder adder(gpu);
  ASSERT_EQ(adder.add(), CUDA_SUCCESS);
  EXPECT_EQ(adder.value(), 0);  // a non-blocking stream does not take turns with a plain copy
  ASSERT_EQ(gpu.driver.cuStreamSynchronize(adder.stream), CUDA_SUCCESS);
  EXPECT_EQ(adder.value(), 1);

  CUevent event = nullptr;
  CUstream second = nullptr;
  gpu.driver.cuEventCreate(&event, 0);
  gpu.driver.cuStreamCreate(&second, CU_STREAM_NON_BLOCKING);
  adder.add();
  gpu.driver.cuEventRecord(event, adder.stream);
  adder.add();
  gpu.driver.cuStreamWaitEvent(second, event, 0);
  int32_t seen = -1;
  ASSERT_EQ(gpu.driver.cuMemcpyDtoHAsync(&seen, adder.data, 4, second), CUDA_SUCCESS);
  EXPECT_EQ(seen, -1);
  gpu.driver.cuStreamSynchronize(second);
  EXPECT_EQ(seen, 2);  // up to the event, no further
  gpu.driver.cuCtxSynchronize();
  EXPECT_EQ(adder.value(), 3);
}

TEST(Driver, MappedMemoryIsTheHosts) {
  SoftGpu gpu({{Option::kIntegrated, 1}});
  void* block = nullptr;
  CUdeviceptr address = 0;
  ASSERT_EQ(gpu.driver.cuMemHostAlloc(&block, 128, CU_MEMHOSTALLOC_DEVICEMAP), CUDA_SUCCESS);
  ASSERT_EQ(gpu.driver.cuMemHostGetDevicePointer(&address, block, 0), CUDA_SUCCESS);
  int32_t* numbers = static_cast<int32_t*>(block);
  for (int32_t i = 0; i < 32; ++i) numbers[i] = 10 * i;
  ASSERT_EQ(gpu.launch(gpu.function(gpu.load(kAddOne.c_str()), "k"), 1, 32, address), CUDA_SUCCESS);
  for (int32_t i = 0; i < 32; ++i) EXPECT_EQ(numbers[i], 10 * i + 1);
  EXPECT_EQ(gpu.driver.cuMemFreeHost(block), CUDA_SUCCESS);
}

TEST(Driver, GraphsRepeatWhatWasCaptured) {
  SoftGpu gpu;
  Adder adder(gpu);
  const auto& d = gpu.driver;
  const auto capture = [&](int kernels) {
    CUgraph graph = nullptr;
    EXPECT_EQ(d.cuStreamBeginCapture(adder.stream, CU_STREAM_CAPTURE_MODE_GLOBAL), CUDA_SUCCESS);
    for (int i = 0; i < kernels; ++i) EXPECT_EQ(adder.add(), CUDA_SUCCESS);
    EXPECT_EQ(d.cuStreamSynchronize(adder.stream), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    EXPECT_EQ(d.cuStreamEndCapture(adder.stream, &graph), CUDA_SUCCESS);
    return graph;
  };
  const CUgraph two = capture(2);
  EXPECT_EQ(adder.value(), 0);
  CUgraphExec executable = nullptr;
  ASSERT_EQ(d.cuGraphInstantiateWithFlags(&executable, two, 0), CUDA_SUCCESS);
  for (int i = 0; i < 3; ++i) d.cuGraphLaunch(executable, adder.stream);
  d.cuStreamSynchronize(adder.stream);
  EXPECT_EQ(adder.value(), 6);

  const CUdeviceptr first = adder.data;
  adder.data = gpu.upload(std::vector<int32_t>(32, 100));
  int32_t verdict = -1;
  EXPECT_EQ(d.cuGraphExecUpdate(executable, capture(2), nullptr, &verdict), CUDA_SUCCESS);
  EXPECT_NE(d.cuGraphExecUpdate(executable, capture(3), nullptr, &verdict), CUDA_SUCCESS);
  d.cuGraphLaunch(executable, adder.stream);
  d.cuStreamSynchronize(adder.stream);
  EXPECT_EQ(adder.value(), 102);
  EXPECT_EQ(gpu.download<int32_t>(first, 1)[0], 6);
}

TEST(Driver, FaultsArriveWhereTheyWerePut) {
  SoftGpu gpu;
  Adder adder(gpu);
  control().set(Option::kFailLaunch, 2);
  EXPECT_EQ(adder.add(), CUDA_SUCCESS);
  EXPECT_EQ(adder.add(), CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES);
  EXPECT_EQ(adder.add(), CUDA_SUCCESS);
  gpu.driver.cuCtxSynchronize();
  EXPECT_EQ(adder.value(), 2);

  // In the middle of a graph; what follows is refused until the context is made anew.
  CUgraph graph = nullptr;
  CUgraphExec executable = nullptr;
  gpu.driver.cuStreamBeginCapture(adder.stream, CU_STREAM_CAPTURE_MODE_GLOBAL);
  for (int i = 0; i < 5; ++i) adder.add();
  gpu.driver.cuStreamEndCapture(adder.stream, &graph);
  gpu.driver.cuGraphInstantiateWithFlags(&executable, graph, 0);
  control().set(Option::kFaultLaunch, 3);
  EXPECT_EQ(gpu.driver.cuGraphLaunch(executable, adder.stream), CUDA_SUCCESS);
  EXPECT_EQ(gpu.driver.cuStreamSynchronize(adder.stream), CUDA_ERROR_LAUNCH_FAILED);
  int32_t value = 0;
  EXPECT_EQ(gpu.driver.cuMemcpyDtoH(&value, adder.data, 4), CUDA_ERROR_LAUNCH_FAILED);
  CUcontext context = nullptr;
  ASSERT_EQ(gpu.driver.cuDevicePrimaryCtxRelease(0), CUDA_SUCCESS);
  ASSERT_EQ(gpu.driver.cuDevicePrimaryCtxRetain(&context, 0), CUDA_SUCCESS);

  Adder again(gpu);
  control().set(Option::kLoseDevice, 1);
  EXPECT_EQ(again.add(), CUDA_SUCCESS);
  EXPECT_EQ(gpu.driver.cuStreamSynchronize(again.stream), CUDA_ERROR_ECC_UNCORRECTABLE);
  gpu.driver.cuDevicePrimaryCtxRelease(0);
  EXPECT_NE(gpu.driver.cuDevicePrimaryCtxRetain(&context, 0), CUDA_SUCCESS);
}

TEST(Driver, MemoryRunsOut) {
  SoftGpu gpu({{Option::kMemoryBytes, 1000}});
  CUdeviceptr a = 0, b = 0;
  EXPECT_EQ(gpu.driver.cuMemAlloc(&a, 600), CUDA_SUCCESS);
  EXPECT_EQ(gpu.driver.cuMemAlloc(&b, 600), CUDA_ERROR_OUT_OF_MEMORY);
  EXPECT_EQ(gpu.driver.check(CUDA_ERROR_OUT_OF_MEMORY, "arena").error().code,
            platform::Code::kExhausted);
  EXPECT_EQ(gpu.driver.cuMemFree(a), CUDA_SUCCESS);
  EXPECT_EQ(gpu.driver.cuMemAlloc(&b, 600), CUDA_SUCCESS);
}

TEST(Driver, RefusesImages) {
  const auto load = [](const SoftGpu& gpu, const std::string& image) {
    CUmodule module = nullptr;
    return gpu.driver.cuModuleLoadData(&module, image.c_str());
  };
  EXPECT_EQ(load(SoftGpu(),
                 "\x7F"
                 "ELF machine code"),
            CUDA_ERROR_NO_BINARY_FOR_GPU);
  EXPECT_EQ(load(SoftGpu({{Option::kRefuseModules, 1}}), kAddOne), CUDA_ERROR_INVALID_IMAGE);
  EXPECT_EQ(load(SoftGpu({{Option::kCapability, 75}}), kAddOne), CUDA_ERROR_INVALID_PTX);
  std::string newer = kAddOne;
  newer.replace(newer.find("7.0"), 3, "8.0");
  EXPECT_EQ(load(SoftGpu({{Option::kDriverVersion, 11040}}), newer),
            CUDA_ERROR_UNSUPPORTED_PTX_VERSION);
  EXPECT_EQ(load(SoftGpu({{Option::kDriverVersion, 12000}}), newer), CUDA_SUCCESS);
}

TEST(Driver, NoFamilyForTheDevice) {
  SoftGpu gpu({{Option::kCapability, 53}});
  const auto loaded = load_device_code(gpu.driver, 53, "conv");
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().code, platform::Code::kUnsupported);
  EXPECT_EQ(loaded.error().message.rfind("device code conv for sm_53: no kernel image", 0), 0U)
      << loaded.error().message;
}

}  // namespace
}  // namespace pawl::softgpu
