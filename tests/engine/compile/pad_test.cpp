// Proves that a Pad which nothing takes in is computed as the reference does: on images, in every
// mode, inside concats, along any axis, and byte for byte in 8 bits, where around the image stands
// a real 0.
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "tests/engine/compile/plan_runner.h"
#include "tests/engine/quantize/random_frames.h"

namespace pawl::engine {
namespace {

using test::Attributes;
using test::expect_runs_as_reference;
using test::GraphBuilder;
using test::Ints;
using test::square;

ValueId pad(GraphBuilder* b, ValueId x, const Ints& pads, const std::string& mode,
            float value = 0.0F) {
  return b->node(Op::kPad, {x}, Attributes{{"pads", pads}, {"mode", mode}, {"value", value}});
}

constexpr const char* kModes[] = {"constant", "edge", "reflect", "wrap"};

TEST(PadLowering, OnImagesInEveryMode) {
  for (const char* mode : kModes) {
    for (const float value : {0.0F, -3.25F}) {
      GraphBuilder b(31);
      const ValueId x = b.conv(b.input({1, 3, 7, 9}), 5, square(3));
      const ValueId padded = pad(&b, x, {0, 0, 2, 0, 0, 0, 1, 3}, mode, value);
      const ValueId pooled =
          b.pool(Op::kMaxPool, padded, {.kernel_h = 2, .kernel_w = 3, .strides = {2, 1}});
      expect_runs_as_reference(b.finish({b.conv(pooled, 4, square(3)), b.unary(Op::kTanh, padded)}),
                               31);
    }
  }
}

TEST(PadLowering, IntoAConcatAndFromASplit) {
  GraphBuilder b(32);
  const ValueId x = b.conv(b.input({1, 3, 8, 8}), 10, square(3));
  const std::vector<ValueId> parts = b.split(x, 1, {4, 6});
  const ValueId padded = pad(&b, parts[1], {0, 0, 1, 1, 0, 0, 1, 1}, "constant", 0.5F);
  const ValueId mirrored = pad(&b, parts[0], {0, 0, 0, 2, 0, 0, 2, 0}, "reflect");
  const ValueId joined = b.concat({mirrored, padded}, 1);
  expect_runs_as_reference(b.finish({b.conv(joined, 3), joined}), 32);
}

TEST(PadLowering, AlongChannels) {
  for (const char* mode : kModes) {
    GraphBuilder b(33);
    const ValueId x = b.conv(b.input({1, 3, 6, 5}), 4, square(3));
    const ValueId padded = pad(&b, x, {0, 2, 0, 1, 0, 3, 1, 0}, mode, 1.5F);
    expect_runs_as_reference(b.finish({b.conv(padded, 4, square(3)), padded}), 33);
  }
}

TEST(PadLowering, OfRowMajorValues) {
  for (const char* mode : kModes) {
    GraphBuilder b(34);
    const ValueId x = b.conv(b.input({1, 3, 4, 6}), 5, square(3));
    const Shape rows = {1, 5, 24};
    const ValueId flat = b.node(Op::kReshape, {x}, {}, &rows);
    const ValueId padded = pad(&b, flat, {0, 1, 0, 0, 2, 3}, mode, -2.0F);
    expect_runs_as_reference(b.finish({padded, b.unary(Op::kExp, padded)}), 34);
  }
}

TEST(PadLowering, InFrontOfTheNetwork) {
  for (const char* mode : kModes) {
    GraphBuilder b(35);
    const ValueId padded = pad(&b, b.input({1, 3, 6, 6}), {0, 0, 1, 1, 0, 0, 2, 2}, mode);
    expect_runs_as_reference(b.finish({b.conv(padded, 8, square(3, 2))}), 35);
  }
}

// Behind SiLU a MaxPool cannot take zeros in: the Pad runs on bytes.
TEST(PadLowering, OnBytesItIsExact) {
  for (const char* mode : {"constant", "edge"}) {
    GraphBuilder b(36);
    const ValueId stem =
        b.silu(b.conv(b.input({1, 3, test::kSide, test::kSide}), 16, square(3, 2)));
    const ValueId padded = pad(&b, stem, {0, 0, 1, 2, 0, 0, 3, 0}, mode);
    const ValueId pooled = b.pool(Op::kMaxPool, padded, {.kernel_h = 2, .kernel_w = 2});
    const ValueId last = b.silu(b.conv(pooled, 16, square(3)));
    const Graph graph = b.finish({b.conv(last, 6)});
    test::RandomFrames frames(8, 1);
    CompileOptions options;
    options.head.head = "none";
    options.calibration = &frames;
    const auto compiled = compile(graph, options);
    ASSERT_TRUE(compiled.ok()) << compiled.error().message;
    const auto artifact = Artifact::from_bytes(compiled.value().artifact, "test");
    ASSERT_TRUE(artifact.ok()) << artifact.error().message;
    auto session = Session::create(artifact.value(), {.threads = 2});
    ASSERT_TRUE(session.ok()) << session.error().message;
    ASSERT_TRUE(session.value().preprocess(frames.frame(0).value()).ok());

    const StepKind kind = std::string(mode) == "constant" ? StepKind::kPadU8 : StepKind::kNearestU8;
    std::vector<uint8_t> before;
    int32_t seen = 0;
    const Status observed = session.value().run_observed([&](int32_t step, const TensorView& y) {
      const int32_t H = y.extent[2], W = y.extent[3], C = y.extent[1];
      const auto at = [&](int32_t row, int32_t column, int32_t c) {
        return y.data_u8[(row * W + column) * y.pixel_stride + c];
      };
      if (artifact.value().steps()[static_cast<size_t>(step)].kind != kind) {
        before.clear();
        if (y.data_u8 == nullptr) return;
        for (int32_t i = 0; i < H * W; ++i) {
          for (int32_t c = 0; c < C; ++c) before.push_back(at(0, i, c));
        }
        return;
      }
      ++seen;
      const int32_t IH = H - 4, IW = W - 2;
      ASSERT_EQ(before.size(), static_cast<size_t>(IH * IW * C));
      for (int32_t row = 0; row < H; ++row) {
        for (int32_t column = 0; column < W; ++column) {
          const int32_t iy = row - 1, ix = column - 2;
          const bool inside = iy >= 0 && iy < IH && ix >= 0 && ix < IW;
          const int32_t from = std::clamp(iy, 0, IH - 1) * IW + std::clamp(ix, 0, IW - 1);
          for (int32_t c = 0; c < C; ++c) {
            const int32_t expected = inside || kind == StepKind::kNearestU8
                                         ? before[static_cast<size_t>(from * C + c)]
                                         : y.quantization.zero;
            ASSERT_EQ(at(row, column, c), expected) << row << ' ' << column << ' ' << c;
          }
        }
      }
    });
    EXPECT_TRUE(observed.ok());
    EXPECT_EQ(seen, 1) << mode;
  }
}

// A number that is no real 0 may have no byte: the Pad stays float between 8-bit layers.
TEST(PadLowering, OtherNumbersStayFloat) {
  GraphBuilder b(37);
  const ValueId stem = b.silu(b.conv(b.input({1, 3, test::kSide, test::kSide}), 16, square(3, 2)));
  const ValueId padded = pad(&b, stem, {0, 0, 1, 1, 0, 0, 1, 1}, "constant", -1e6F);
  const ValueId last = b.silu(b.conv(padded, 16, square(3)));
  const Graph graph = b.finish({b.conv(last, 6)});
  test::RandomFrames frames(8, 1);
  CompileOptions options;
  options.head.head = "none";
  options.calibration = &frames;
  const auto compiled = compile(graph, options);
  ASSERT_TRUE(compiled.ok()) << compiled.error().message;
  const auto artifact = Artifact::from_bytes(compiled.value().artifact, "test");
  ASSERT_TRUE(artifact.ok()) << artifact.error().message;
  const auto kinds = artifact.value().steps();
  EXPECT_EQ(std::count_if(kinds.begin(), kinds.end(),
                          [](const StepRecord& step) { return step.kind == StepKind::kPad; }),
            1);
}

}  // namespace
}  // namespace pawl::engine
