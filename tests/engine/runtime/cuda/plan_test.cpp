// Proves: whole plans run on the software GPU through the real backend, loader, graphs and kernels.
// Random networks agree with their plan for the CPU within float16, without a race or a read of what
// nobody wrote, in lockstep and in random orders. And whatever goes wrong with a device, the frame is
// answered by the plan for the CPU, with the reason, and the next one too; without such a plan, memory
// that is missing for one frame costs no other.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "engine/artifact/artifact.h"
#include "engine/compile/compiler.h"
#include "engine/runtime/session.h"
#include "kernels/cuda/images.h"
#include "tests/engine/compile/random_graph.h"
#include "tests/softgpu/softgpu.h"

namespace pawl::engine {
namespace {

using softgpu::Option;
using test::GraphBuilder;
using test::square;

struct Pixels {
  Pixels(int32_t width, int32_t height, uint32_t seed) {
    std::mt19937 random(seed);
    bytes.resize(static_cast<size_t>(3 * width * height));
    for (uint8_t& b : bytes) b = static_cast<uint8_t>(random());
    frame = {.width = width, .height = height, .stride = 3 * width, .data = bytes.data()};
  }
  std::vector<uint8_t> bytes;
  platform::Frame frame;
};

CompileOptions options_for(const std::string& target, bool fallback = true) {
  CompileOptions options;
  options.target = target;
  options.head.head = "none";
  options.head.fit = Fit::kStretch;
  options.head.mean = {128.0F, 128.0F, 128.0F};
  options.head.scale = {1.0F / 64, 1.0F / 64, 1.0F / 64};
  options.cpu_fallback = fallback;
  return options;
}

std::vector<std::byte> compiled_for(const std::string& target, const Graph& graph,
                                    bool fallback = true) {
  Result<Compiled> compiled = compile(graph, options_for(target, fallback));
  EXPECT_TRUE(compiled.ok()) << compiled.error().message;
  return compiled.ok() ? std::move(compiled.value().artifact) : std::vector<std::byte>{};
}

std::vector<std::vector<float>> outputs_of(Session* session, const platform::Frame& frame) {
  const Status prepared = session->preprocess(frame);
  EXPECT_TRUE(prepared.ok()) << prepared.error().message;
  const Status run = session->run();
  EXPECT_TRUE(run.ok()) << run.error().message;
  const auto views = session->outputs();
  EXPECT_TRUE(views.ok()) << (views.ok() ? "" : views.error().message);
  std::vector<std::vector<float>> outputs;
  if (!views.ok()) return outputs;
  for (const TensorView& view : views.value()) {
    size_t count = 1;
    for (const int32_t e : view.extent) count *= static_cast<size_t>(e);
    outputs.emplace_back(count);
    copy_elements(view, outputs.back());
  }
  return outputs;
}

// Root mean square of the difference over that of the values: what a rounding to float16 a layer
// leaves is below 0.5 %, a wrong kernel far above.
double relative_error(const std::vector<float>& found, const std::vector<float>& wanted) {
  if (found.size() != wanted.size()) return 1e9;
  double noise = 0.0, signal = 1e-9;
  for (size_t i = 0; i < found.size(); ++i) {
    const double difference = static_cast<double>(found[i]) - static_cast<double>(wanted[i]);
    noise += difference * difference;
    signal += static_cast<double>(wanted[i]) * static_cast<double>(wanted[i]);
  }
  return std::sqrt(noise / signal);
}

class CudaPlan : public testing::Test {
 protected:
  void SetUp() override {
    if (kernels::cuda::device_images().empty()) {
      GTEST_SKIP() << "no CUDA toolkit when this was built";
    }
    softgpu::control().reset();
  }
  void TearDown() override { softgpu::control().reset(); }

  static Result<Session> open(const Artifact& artifact, const std::string& driver = PAWL_SOFTGPU) {
    return Session::create(artifact, {.threads = 1, .cuda_driver = driver});
  }
};

TEST_F(CudaPlan, RandomNetworksAgreeWithTheCpu) {
  int64_t run = 0;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    const Graph graph = test::RandomGraph(seed).make();
    const auto& in = graph.value(graph.inputs[0]).shape;
    const Pixels pixels(static_cast<int32_t>(in[3]), static_cast<int32_t>(in[2]),
                        static_cast<uint32_t>(seed));
    const auto cpu_bytes = compiled_for("cpu-generic", graph);
    const Result<Compiled> device = compile(graph, options_for("cuda-sm80"));
    if (!device.ok()) {
      // Groups of channels that do not start at multiples of 8 have no form there yet.
      EXPECT_NE(device.error().message.find("moves at once"), std::string::npos)
          << device.error().message;
      continue;
    }
    const Result<Artifact> cpu = Artifact::from_bytes(cpu_bytes, "cpu");
    const Result<Artifact> cuda = Artifact::from_bytes(device.value().artifact, "cuda");
    ASSERT_TRUE(cpu.ok() && cuda.ok()) << cuda.error().message;
    Result<Session> wanted = open(cpu.value());
    ASSERT_TRUE(wanted.ok());
    const auto expected = outputs_of(&wanted.value(), pixels.frame);
    for (const int64_t order : {int64_t{0}, static_cast<int64_t>(seed)}) {
      softgpu::control().reset();
      softgpu::control().set(Option::kSeed, order);
      Result<Session> found = open(cuda.value());
      ASSERT_TRUE(found.ok()) << found.error().message;
      ASSERT_EQ(found.value().device_fault(), "") << softgpu::control().last_message();
      const auto outputs = outputs_of(&found.value(), pixels.frame);
      ASSERT_EQ(softgpu::control().finding_count(), 0) << softgpu::control().finding(0);
      ASSERT_EQ(outputs.size(), expected.size());
      for (size_t o = 0; o < outputs.size(); ++o) {
        EXPECT_LT(relative_error(outputs[o], expected[o]), 0.01) << "output " << o;
      }
    }
    ++run;
  }
  EXPECT_GE(run, 30);
}

// What can go wrong, and when.
struct Fault {
  const char* what;
  Option option;
  int64_t value;
  const char* reason;  // in device_fault()
};

TEST_F(CudaPlan, TheCpuAnswersWhereTheDeviceFails) {
  GraphBuilder b(7);
  const ValueId in = b.input({1, 3, 12, 16});
  const ValueId x = b.conv(in, 16, square(3, 2));
  const Graph graph = b.finish({b.conv(x, 9, square(1))});
  const auto bytes = compiled_for("cuda-sm80", graph);
  const auto without = compiled_for("cuda-sm80", graph, /*fallback=*/false);
  const auto cpu_bytes = compiled_for("cpu-generic", graph);
  const Result<Artifact> artifact = Artifact::from_bytes(bytes, "model");
  const Result<Artifact> bare = Artifact::from_bytes(without, "model");
  const Result<Artifact> cpu = Artifact::from_bytes(cpu_bytes, "cpu");
  ASSERT_TRUE(artifact.ok() && bare.ok() && cpu.ok());
  ASSERT_NE(artifact.value().fallback(), nullptr);
  EXPECT_EQ(bare.value().fallback(), nullptr);
  EXPECT_LT(without.size(), bytes.size());
  const Pixels pixels(16, 12, 3);
  Result<Session> reference = open(cpu.value());
  const auto expected = outputs_of(&reference.value(), pixels.frame);

  const auto expect_cpu = [&](Result<Session>& session, const std::string& reason) {
    ASSERT_TRUE(session.ok()) << session.error().message;
    for (int frame = 0; frame < 3; ++frame) {
      EXPECT_EQ(outputs_of(&session.value(), pixels.frame), expected) << "frame " << frame;
      EXPECT_NE(session.value().device_fault().find(reason), std::string::npos)
          << session.value().device_fault();
    }
    EXPECT_EQ(session.value().artifact().target(), "cpu-generic");
  };
  {
    SCOPED_TRACE("no driver");
    Result<Session> session = open(artifact.value(), "/nowhere/libcuda.so.1");
    expect_cpu(session, "no CUDA driver");
    const Result<Session> refused = open(bare.value(), "/nowhere/libcuda.so.1");
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, platform::Code::kUnsupported);
  }
  const Fault at_start[] = {
      {"no device", Option::kDevices, 0, "device"},
      {"an older device", Option::kCapability, 75, "sm_75"},
      {"no memory", Option::kMemoryBytes, 1024, "memory"},
      {"every module refused", Option::kRefuseModules, 1, "device code"},
  };
  for (const Fault& fault : at_start) {
    SCOPED_TRACE(fault.what);
    softgpu::control().reset();
    softgpu::control().set(fault.option, fault.value);
    Result<Session> session = open(artifact.value());
    expect_cpu(session, fault.reason);
    softgpu::control().reset();
    softgpu::control().set(fault.option, fault.value);
    EXPECT_FALSE(open(bare.value()).ok());
  }
  const Fault at_run[] = {
      {"a launch is refused", Option::kFailLaunch, 1, "CUDA_ERROR"},
      {"a kernel dies", Option::kFaultLaunch, 1, "CUDA_ERROR"},
      {"the device is lost", Option::kLoseDevice, 1, "CUDA_ERROR"},
  };
  for (const Fault& fault : at_run) {
    SCOPED_TRACE(fault.what);
    softgpu::control().reset();
    Result<Session> session = open(artifact.value());
    ASSERT_TRUE(session.ok());
    ASSERT_EQ(session.value().device_fault(), "");
    ASSERT_NE(outputs_of(&session.value(), pixels.frame), expected) << "float16 is not float32";
    softgpu::control().set(fault.option, fault.value);
    expect_cpu(session, fault.reason);
  }
}

// The device has memory for the plan and a small frame. Without a plan for the CPU the session
// lives on, and what a large frame left behind must not be what the next one reads.
TEST_F(CudaPlan, AFrameTooLargeForTheDeviceCostsThatFrameOnly) {
  const Graph graph = test::RandomGraph(4).make();
  const auto bytes = compiled_for("cuda-sm80", graph, false);
  const Result<Artifact> artifact = Artifact::from_bytes(bytes, "random");
  ASSERT_TRUE(artifact.ok()) << artifact.error().message;
  softgpu::control().set(Option::kMemoryBytes, int64_t{4} << 20);
  Result<Session> session = open(artifact.value());
  ASSERT_TRUE(session.ok()) << session.error().message;
  const Pixels small(16, 12, 3), large(2000, 1500, 4), larger(2000, 1600, 5);
  const auto expected = outputs_of(&session.value(), small.frame);
  for (const Pixels* pixels : {&large, &large, &larger, &large}) {
    const Status prepared = session.value().preprocess(pixels->frame);
    ASSERT_FALSE(prepared.ok());
    EXPECT_EQ(prepared.error().code, platform::Code::kExhausted) << prepared.error().message;
  }
  EXPECT_EQ(outputs_of(&session.value(), small.frame), expected);
  EXPECT_EQ(softgpu::control().finding_count(), 0) << softgpu::control().finding(0);
}

}  // namespace
}  // namespace pawl::engine
