// Proves: whatever kernel a session binds to a quantized convolution, directly or by Winograd, on
// this CPU and with any number of threads, the step leaves the bytes that the scalar specification
// computes from the artifact's own weights.
#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <vector>

#include "engine/artifact/artifact.h"
#include "engine/artifact/step.h"
#include "engine/compile/compiler.h"
#include "engine/runtime/session.h"
#include "kernels/conv_u8.h"
#include "kernels/cpu/conv_u8/variants.h"
#include "kernels/cpu/winograd_u8/variants.h"
#include "kernels/winograd_u8.h"
#include "tests/engine/graph_builder.h"

namespace pawl::engine {
namespace {

using test::GraphBuilder;
using test::square;

constexpr int32_t kSide = 40;

class NoiseFrames : public CalibrationFrames {
 public:
  size_t count() const override { return 32; }
  Result<platform::Frame> frame(size_t index) override {
    std::mt19937 random(static_cast<uint32_t>(index));
    pixels_.resize(size_t{kSide} * kSide * 3);
    for (uint8_t& p : pixels_) p = static_cast<uint8_t>(random());
    platform::Frame frame;
    frame.width = frame.height = kSide;
    frame.stride = kSide * 3;
    frame.data = pixels_.data();
    return frame;
  }

 private:
  std::vector<uint8_t> pixels_;
};

// 3x3 layers that Winograd takes on some CPUs and layers that it never takes.
Graph network() {
  GraphBuilder b(77);
  const auto layer = [&b](ValueId x, int64_t channels, const test::ConvOptions& o) {
    return b.silu(b.conv(x, channels, o));
  };
  const ValueId stem = layer(b.input({1, 3, kSide, kSide}), 37, square(3));
  const ValueId wide = layer(stem, 64, square(3));
  const ValueId narrow = layer(wide, 20, square(3));
  const ValueId down = layer(layer(narrow, 48, square(3)), 32, square(3, 2));
  return b.finish({b.conv(layer(layer(down, 33, square(3)), 16, square(1)), 5, square(1))});
}

const TensorRecord& tensor_of(const Artifact& artifact, int32_t index) {
  return artifact.tensors()[static_cast<size_t>(index)];
}

template <typename T>
const T* data_of(const Artifact& artifact, const StepRecord& step, int i) {
  return reinterpret_cast<const T*>(artifact.weights().data() + step.data[i]);
}

kernels::ConvU8Params params_of(const Artifact& artifact, const StepRecord& step,
                                const TensorView& x, std::vector<uint8_t>* y) {
  const auto f = step_fields<ConvFields>(step);
  const TensorRecord& from = tensor_of(artifact, step.input[0]);
  const TensorRecord& to = tensor_of(artifact, step.output[0]);
  const int32_t padded = (to.extent[1] + 15) / 16 * 16;
  y->assign(static_cast<size_t>(to.extent[1] * to.extent[2] * to.extent[3]), 0xEE);
  kernels::ConvU8Params p{};
  p.IC = from.extent[1], p.IH = from.extent[2], p.IW = from.extent[3];
  p.OC = to.extent[1], p.OH = to.extent[2], p.OW = to.extent[3];
  p.KH = static_cast<int32_t>(f.KH), p.KW = static_cast<int32_t>(f.KW);
  p.stride_h = static_cast<int32_t>(f.stride_h), p.stride_w = static_cast<int32_t>(f.stride_w);
  p.pad_top = static_cast<int32_t>(f.pad_top), p.pad_left = static_cast<int32_t>(f.pad_left);
  p.dilation_h = p.dilation_w = 1;
  p.x_pixel_stride = x.pixel_stride, p.y_pixel_stride = p.OC;
  p.x = x.data_u8, p.y = y->data();
  p.weight = data_of<int8_t>(artifact, step, 0);
  p.bias = data_of<int32_t>(artifact, step, 1);
  const float* tables = data_of<float>(artifact, step, 2);
  p.pad = reinterpret_cast<const uint8_t*>(tables + 2 * padded);
  p.epilogue.scale = tables;
  p.epilogue.inverse_scale = tables + padded;
  p.epilogue.zero = to.zero;
  p.epilogue.activation = {static_cast<kernels::Activation>(step.activation), step.alpha,
                           step.beta};
  return p;
}

TEST(ConvU8Step, LeavesTheBytesOfTheSpecification) {
  NoiseFrames frames;
  CompileOptions options;
  options.head.head = "none";
  options.calibration = &frames;
  const auto compiled = compile(network(), options);
  ASSERT_TRUE(compiled.ok()) << compiled.error().message;
  const auto artifact = Artifact::from_bytes(compiled.value().artifact, "test");
  ASSERT_TRUE(artifact.ok()) << artifact.error().message;
  for (const int32_t threads : {1, 3}) {
    auto session = Session::create(artifact.value(), {.threads = threads});
    ASSERT_TRUE(session.ok()) << session.error().message;
    const platform::Frame frame = frames.frame(99).value();
    ASSERT_TRUE(session.value().preprocess(frame).ok());
    int32_t steps = 0;
    int32_t by_winograd = 0;
    const Status observed =
        session.value().run_observed([&](int32_t index, const TensorView& output) {
          const StepRecord& step = artifact.value().steps()[static_cast<size_t>(index)];
          if (step.kind != StepKind::kConvU8 || output.data_u8 == nullptr) return;
          std::vector<uint8_t> expected;
          const kernels::ConvU8Params p = params_of(
              artifact.value(), step, session.value().tensor(step.input[0]).value(), &expected);
          kernels::conv_u8_variants().back().run(p, 0, 1);
          ++steps;
          by_winograd +=
              kernels::winograd_u8_exact(p, p.pad[0]) && kernels::winograd_u8_wins(p) ? 1 : 0;
          for (int32_t pixel = 0; pixel < p.OH * p.OW; ++pixel) {
            ASSERT_EQ(std::memcmp(output.data_u8 + pixel * output.pixel_stride,
                                  expected.data() + pixel * p.OC, static_cast<size_t>(p.OC)),
                      0)
                << "step " << index << " pixel " << pixel << " threads " << threads;
          }
        });
    EXPECT_TRUE(observed.ok());
    EXPECT_EQ(steps, 7);
    const bool quick =
        kernels::best_usable(kernels::winograd_u8_variants()).isa != kernels::Isa::kScalar;
    EXPECT_EQ(by_winograd > 0, quick);
    EXPECT_LT(by_winograd, steps);
  }
}

}  // namespace
}  // namespace pawl::engine
