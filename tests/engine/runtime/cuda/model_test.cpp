// Proves: the demo model, whole, from a camera's bytes to boxes, finds on the software GPU what it
// finds on the CPU, without a race or a read of what nobody wrote; and that a device lost in the
// middle of a frame's graph costs no frame. Its INT8 plan has the bytes of the CPU's.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/artifact/artifact.h"
#include "engine/compile/compiler.h"
#include "engine/onnx/importer.h"
#include "engine/runtime/session.h"
#include "kernels/cuda/images.h"
#include "platform/synthetic/line_scene.h"
#include "tests/softgpu/softgpu.h"

namespace pawl::engine {
namespace {

using softgpu::Option;

class CudaModel : public testing::Test {
 protected:
  void SetUp() override {
    if (kernels::cuda::device_images().empty()) {
      GTEST_SKIP() << "no CUDA toolkit when this was built";
    }
    softgpu::control().reset();
  }
  void TearDown() override { softgpu::control().reset(); }

  // `calibration`: INT8.
  static std::vector<std::byte> demo_for(const std::string& target,
                                         CalibrationFrames* calibration = nullptr) {
    const auto graph = import_onnx(PAWL_SOURCE_DIR "/models/demo/demo.onnx");
    EXPECT_TRUE(graph.ok()) << graph.error().message;
    CompileOptions options;
    options.target = target;
    options.input = InputSize{320, 192};
    options.calibration = calibration;
    Result<Compiled> compiled = compile(graph.value(), options);
    EXPECT_TRUE(compiled.ok()) << compiled.error().message;
    return std::move(compiled.value().artifact);
  }
};

struct Scene {
  explicit Scene(uint64_t number) : line({.seed = 3}) {
    const int32_t width = line.options().width, height = line.options().height;
    bytes.resize(size_t{3} * static_cast<size_t>(width) * static_cast<size_t>(height));
    line.render(static_cast<int64_t>(number) * line.independent_stride(), bytes.data(), 3 * width,
                nullptr);
    frame = {.width = width, .height = height, .stride = 3 * width, .data = bytes.data()};
  }
  platform::LineScene line;
  std::vector<uint8_t> bytes;
  platform::Frame frame;
};

class SceneFrames : public CalibrationFrames {
 public:
  size_t count() const override { return 3; }
  Result<platform::Frame> frame(size_t index) override {
    scene_.emplace(20 + index);
    return scene_->frame;
  }

 private:
  std::optional<Scene> scene_;
};

// Every 8-bit value of the plan that a step writes, by its name, channels as they stand.
std::map<std::string, std::vector<uint8_t>> bytes_of(Session* session,
                                                     const platform::Frame& frame) {
  std::map<std::string, std::vector<uint8_t>> values;
  EXPECT_TRUE(session->preprocess(frame).ok());
  const Status observed = session->run_observed([&](int32_t, const TensorView& view) {
    if (view.data_u8 == nullptr) return;
    std::vector<uint8_t>& bytes = values[std::string(view.name)];
    bytes.clear();
    const int64_t pixels = int64_t{view.extent[2]} * view.extent[3];
    for (int64_t p = 0; p < pixels; ++p) {
      const uint8_t* first = view.data_u8 + p * view.pixel_stride;
      bytes.insert(bytes.end(), first, first + view.extent[1]);
    }
  });
  EXPECT_TRUE(observed.ok());
  return values;
}

double overlap(const Detection& a, const Detection& b) {
  const double w = std::min(a.x2, b.x2) - std::max(a.x1, b.x1);
  const double h = std::min(a.y2, b.y2) - std::max(a.y1, b.y1);
  if (w <= 0 || h <= 0) return 0.0;
  const auto area = [](const Detection& d) {
    return static_cast<double>(d.x2 - d.x1) * static_cast<double>(d.y2 - d.y1);
  };
  return w * h / (area(a) + area(b) - w * h);
}

TEST_F(CudaModel, FindsTheBoxesOfTheCpu) {
  const auto cuda_bytes = demo_for("cuda-sm80"), cpu_bytes = demo_for("cpu-generic");
  const Result<Artifact> cuda = Artifact::from_bytes(cuda_bytes, "demo");
  const Result<Artifact> cpu = Artifact::from_bytes(cpu_bytes, "demo");
  ASSERT_TRUE(cuda.ok() && cpu.ok());
  Result<Session> reference = Session::create(cpu.value(), {.threads = 1});
  ASSERT_TRUE(reference.ok());
  softgpu::control().set(Option::kSeed, 9);
  Result<Session> session =
      Session::create(cuda.value(), {.threads = 1, .cuda_driver = PAWL_SOFTGPU});
  ASSERT_TRUE(session.ok()) << session.error().message;
  size_t boxes = 0;
  for (uint64_t number = 1; number <= 3; ++number) {
    const Scene scene(number);
    const auto wanted = reference.value().detect(scene.frame);
    const auto found = session.value().detect(scene.frame);
    ASSERT_TRUE(wanted.ok() && found.ok()) << found.error().message;
    ASSERT_EQ(session.value().device_fault(), "");
    ASSERT_EQ(softgpu::control().finding_count(), 0) << softgpu::control().finding(0);
    ASSERT_EQ(found.value().size(), wanted.value().size()) << "frame " << number;
    for (size_t i = 0; i < wanted.value().size(); ++i) {
      const Detection &a = found.value()[i], &b = wanted.value()[i];
      EXPECT_EQ(a.class_id, b.class_id);
      EXPECT_NEAR(a.score, b.score, 0.01F);
      EXPECT_GT(overlap(a, b), 0.97);  // boxes of a few pixels of a small input
      ++boxes;
    }
  }
  EXPECT_GE(boxes, 3U);
}

// What is 8 bits is the same bits as in the CPU's plan: float16 begins behind it.
TEST_F(CudaModel, Int8HasTheBytesOfTheCpu) {
  SceneFrames calibration;
  const auto bytes = demo_for("cuda-sm80", &calibration);
  const Result<Artifact> artifact = Artifact::from_bytes(bytes, "demo");
  ASSERT_TRUE(artifact.ok()) << artifact.error().message;
  Result<Session> device =
      Session::create(artifact.value(), {.threads = 1, .cuda_driver = PAWL_SOFTGPU});
  Result<Session> cpu = Session::create(*artifact.value().fallback(), {.threads = 1});
  ASSERT_TRUE(device.ok() && cpu.ok());
  const Scene scene(2);
  const auto found = bytes_of(&device.value(), scene.frame);
  const auto wanted = bytes_of(&cpu.value(), scene.frame);
  ASSERT_EQ(device.value().device_fault(), "");
  ASSERT_EQ(softgpu::control().finding_count(), 0) << softgpu::control().finding(0);
  EXPECT_GE(wanted.size(), 50U);
  ASSERT_EQ(found.size(), wanted.size());
  for (const auto& [name, value] : wanted) EXPECT_EQ(found.at(name), value) << name;

  const auto boxes = device.value().detect(scene.frame);
  ASSERT_TRUE(boxes.ok());
  const std::vector<Detection> kept(boxes.value().begin(), boxes.value().end());
  const auto expected = cpu.value().detect(scene.frame);
  ASSERT_TRUE(expected.ok());
  ASSERT_EQ(kept.size(), expected.value().size());
  ASSERT_FALSE(kept.empty());
  for (size_t i = 0; i < kept.size(); ++i) {
    EXPECT_EQ(kept[i].class_id, expected.value()[i].class_id);
    EXPECT_GT(overlap(kept[i], expected.value()[i]), 0.99);
  }
}

TEST_F(CudaModel, ADeviceLostInAFrameCostsNoFrame) {
  const auto bytes = demo_for("cuda-sm80");
  const Result<Artifact> artifact = Artifact::from_bytes(bytes, "demo");
  ASSERT_TRUE(artifact.ok());
  Result<Session> cpu = Session::create(*artifact.value().fallback(), {.threads = 1});
  ASSERT_TRUE(cpu.ok());
  const Scene scene(2);
  const auto wanted = cpu.value().detect(scene.frame);
  ASSERT_TRUE(wanted.ok());
  ASSERT_FALSE(wanted.value().empty());
  for (const Option fault : {Option::kLoseDevice, Option::kFaultLaunch}) {
    softgpu::control().reset();
    Result<Session> session =
        Session::create(artifact.value(), {.threads = 1, .cuda_driver = PAWL_SOFTGPU});
    ASSERT_TRUE(session.ok());
    softgpu::control().set(fault, 25);  // kernels of the frame's graph run before it
    for (int frame = 0; frame < 2; ++frame) {
      const auto found = session.value().detect(scene.frame);
      ASSERT_TRUE(found.ok()) << found.error().message;
      ASSERT_EQ(found.value().size(), wanted.value().size());
      for (size_t i = 0; i < wanted.value().size(); ++i) {
        EXPECT_EQ(found.value()[i].score, wanted.value()[i].score);
        EXPECT_EQ(found.value()[i].x1, wanted.value()[i].x1);
      }
      EXPECT_NE(session.value().device_fault(), "");
    }
  }
}

}  // namespace
}  // namespace pawl::engine
