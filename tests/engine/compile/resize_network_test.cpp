// Proves: a detector laid out for another size is the detector that would have been exported at
// that size: same detections, float and INT8, on the same frames; sizes that do not fit, heads that
// did not become a decode step and operators that state a size are refused with the reason.
#include "engine/compile/resize_network.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "engine/artifact/artifact.h"
#include "engine/compile/compiler.h"
#include "engine/runtime/session.h"
#include "tests/engine/attention_block.h"
#include "tests/engine/graph_builder.h"

namespace pawl::engine {
namespace {

using test::GraphBuilder;
using test::Ints;
using test::square;

struct Size {
  int64_t width, height;
};
constexpr Size kExported{64, 64};

class Noise : public CalibrationFrames {
 public:
  size_t count() const override { return 32; }
  Result<platform::Frame> frame(size_t index) override {
    std::mt19937 random(static_cast<uint32_t>(index));
    pixels_.resize(size_t{kWidth} * kHeight * 3);
    for (uint8_t& p : pixels_) p = static_cast<uint8_t>(random());
    platform::Frame frame;
    frame.width = kWidth;
    frame.height = kHeight;
    frame.stride = kWidth * 3;
    frame.data = pixels_.data();
    return frame;
  }

 private:
  static constexpr int32_t kWidth = 90, kHeight = 50;
  std::vector<uint8_t> pixels_;
};

ValueId head_conv(GraphBuilder* b, ValueId x, int64_t channels, float bias) {
  const ValueId weight = b->random_constant({channels, b->shape(x)[1], 1, 1}, -4.0F, 4.0F);
  const ValueId mean = b->random_constant({channels}, bias - 0.5F, bias + 0.5F);
  return b->node(Op::kConv, {x, weight, mean},
                 {{"kernel", Ints{1, 1}},
                  {"strides", Ints{1, 1}},
                  {"pads", Ints{0, 0, 0, 0}},
                  {"dilations", Ints{1, 1}},
                  {"group", int64_t{1}}});
}

// What a detector has beside convolutions.
struct Parts {
  int64_t areas = 0;       // attention in so many areas; 0: none
  bool positions = false;  // numbers for every pixel of one size
  uint64_t seed = 3;       // of weights, and of how attention is spelled
};

// YOLOX in small, exported at `size`: an upsampled neck, a split, a pool; maps flattened to rows.
Graph detector(Size size, Parts parts = {}) {
  constexpr int64_t kClasses = 5;
  GraphBuilder b(parts.seed);
  ValueId x = b.silu(b.conv(b.input({1, 3, size.height, size.width}), 8, square(3, 2)));
  x = b.silu(b.conv(x, 8, square(3, 2)));
  const ValueId fine = b.silu(b.conv(x, 12, square(3, 2)));
  ValueId coarse = b.pool(Op::kMaxPool, b.silu(b.conv(fine, 12, square(3, 2))), square(5));
  if (parts.areas > 0) {
    test::AttentionBlock block(&b, {2, parts.areas, 3, 5});
    coarse = b.binary(Op::kAdd, coarse, b.conv(block.make(coarse), 12));
  }
  const ValueId up =
      b.resize(coarse, size.height / 8, size.width / 8, "nearest", "asymmetric", "floor");
  ValueId neck = b.silu(b.conv(b.concat({up, fine}, 1), 16, square(3)));
  if (parts.positions) {
    neck = b.binary(Op::kAdd, neck,
                    b.random_constant({1, 16, size.height / 8, size.width / 8}, -1.0F, 1.0F));
  }
  const auto halves = b.split(neck, 1, {8, 8});
  const ValueId joined = b.concat({halves[1], b.silu(b.conv(halves[0], 8, square(3)))}, 1);
  std::vector<ValueId> flat;
  for (const ValueId map : {joined, coarse, b.silu(b.conv(coarse, 12, square(3, 2)))}) {
    const ValueId all =
        b.concat({head_conv(&b, map, 4, 0.3F), b.unary(Op::kSigmoid, head_conv(&b, map, 1, 2.0F)),
                  b.unary(Op::kSigmoid, head_conv(&b, map, kClasses, 1.0F))},
                 1);
    flat.push_back(b.reshape(all, {1, 5 + kClasses, b.shape(map)[2] * b.shape(map)[3]}));
  }
  return b.finish({b.transpose(b.concat(flat, 2), {0, 2, 1})});
}

std::vector<Detection> detections(const Compiled& compiled, size_t frame) {
  const auto artifact = Artifact::from_bytes(compiled.artifact, "test");
  EXPECT_TRUE(artifact.ok()) << artifact.error().message;
  auto session = Session::create(artifact.value(), {.threads = 1});
  EXPECT_TRUE(session.ok());
  Noise noise;
  const auto found = session.value().detect(noise.frame(frame).value());
  EXPECT_TRUE(found.ok());
  return {found.value().begin(), found.value().end()};
}

TEST(ResizeNetwork, EqualsTheDetectorExportedAtThatSize) {
  size_t seen = 0;
  for (const Size size : {Size{96, 64}, Size{32, 128}, Size{160, 96}}) {
    for (const bool int8 : {false, true}) {
      Noise frames;
      CompileOptions options;
      if (int8) options.calibration = &frames;
      const auto exported = compile(detector(size), options);
      ASSERT_TRUE(exported.ok()) << exported.error().message;
      ASSERT_TRUE(exported.value().report.head_fused);
      options.input = InputSize{size.width, size.height};
      const auto resized = compile(detector(kExported), options);
      ASSERT_TRUE(resized.ok()) << resized.error().message;
      EXPECT_EQ(resized.value().report.multiply_adds, exported.value().report.multiply_adds);
      for (size_t frame = 40; frame < 43; ++frame) {
        const auto expected = detections(exported.value(), frame);
        const auto actual = detections(resized.value(), frame);
        ASSERT_EQ(actual.size(), expected.size());
        seen += actual.size();
        for (size_t i = 0; i < actual.size(); ++i) {
          EXPECT_EQ(actual[i].class_id, expected[i].class_id);
          EXPECT_EQ(actual[i].score, expected[i].score);
          EXPECT_EQ(actual[i].x1, expected[i].x1);
          EXPECT_EQ(actual[i].y2, expected[i].y2);
        }
      }
    }
  }
  EXPECT_GT(seen, 20U);
}

// As YOLO11, 26 and 12: the reshapes around attention count pixels of one size, but attention does
// not.
TEST(ResizeNetwork, AttentionFollowsTheSize) {
  size_t seen = 0;
  for (const Size size : {Size{96, 64}, Size{32, 128}}) {
    for (const int64_t areas : {1, 2, 4}) {
      for (uint64_t seed = 10; seed < 16; ++seed) {
        const Parts parts{.areas = areas, .seed = seed};
        const auto exported = compile(detector(size, parts), {});
        ASSERT_TRUE(exported.ok()) << exported.error().message;
        CompileOptions options;
        options.input = InputSize{size.width, size.height};
        const auto resized = compile(detector(kExported, parts), options);
        ASSERT_TRUE(resized.ok()) << resized.error().message;
        const auto expected = detections(exported.value(), 40);
        const auto actual = detections(resized.value(), 40);
        ASSERT_EQ(actual.size(), expected.size()) << "areas " << areas << " seed " << seed;
        seen += actual.size();
        for (size_t i = 0; i < actual.size(); ++i) {
          EXPECT_EQ(actual[i].score, expected[i].score);
          EXPECT_EQ(actual[i].x1, expected[i].x1);
        }
      }
    }
  }
  EXPECT_GT(seen, 20U);
}

std::string refusal(const Graph& graph, Size size, const char* head = "auto") {
  CompileOptions options;
  options.input = InputSize{size.width, size.height};
  options.head.head = head;
  const auto compiled = compile(graph, options);
  return compiled.ok() ? "" : compiled.error().message;
}

TEST(ResizeNetwork, RefusesWhatDoesNotFit) {
  for (const Size size : {Size{100, 64}, Size{64, 33}, Size{0, 64}, Size{64, -32}}) {
    EXPECT_NE(refusal(detector(kExported), size).find("multiples"), std::string::npos)
        << size.width << "x" << size.height;
  }
  EXPECT_NE(refusal(detector(kExported), {96, 64}, "none").find("exported for"), std::string::npos);
  // 10 x 6 cells are not eight areas.
  EXPECT_NE(refusal(detector({128, 64}, {.areas = 8}), {160, 96}).find("at the new size"),
            std::string::npos);
  EXPECT_NE(refusal(detector(kExported, {.positions = true}), {96, 64}).find("at the new size"),
            std::string::npos);
}

// A factor that gives no whole pixels at the new size has a size of its own there, which the file
// does not tell.
TEST(ResizeNetwork, FactorsGiveWholePixels) {
  for (const bool whole : {true, false}) {
    GraphBuilder b(4);
    ValueId x = b.conv(b.conv(b.input({1, 3, 64, 64}), 8, square(3, 2)), 8, square(3, 2));
    const ValueId smaller = b.resize(x, 12, 12, "nearest", "asymmetric", "floor");
    const ValueId gate = b.conv(b.reduce(Op::kReduceMean, smaller, {2, 3}, true), 8, square(1));
    const ValueId map = b.conv(b.binary(Op::kMul, x, gate), 5, square(1));
    Graph graph = b.finish({map});
    FusedLevel level{};
    level.scores = {.value = map, .first = 0, .channels = 5};
    level.height = level.width = 16;
    level.stride = 4.0F;
    FusedHead head;
    head.levels = {level};
    PreprocessSpec pre{.width = 64, .height = 64};
    const int64_t side = whole ? 80 : 72;  // 20 or 18 pixels, of which 12 / 16 are 15 or 13.5
    const Status status = resize_network({side, side}, &graph, &head, &pre);
    if (whole) {
      ASSERT_TRUE(status.ok()) << status.error().message;
      EXPECT_EQ(graph.value(smaller).shape, (Shape{1, 8, 15, 15}));
      EXPECT_EQ(pre.height, 80);
    } else {
      ASSERT_FALSE(status.ok());
      EXPECT_NE(status.error().message.find("exported for"), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace pawl::engine
