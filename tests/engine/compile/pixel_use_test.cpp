// Proves: what a network does to pixels first is noticed, however it is spelled, and not done
// twice; what is no such arithmetic, or does not tell, changes nothing.
#include "engine/compile/pixel_use.h"

#include <gtest/gtest.h>

#include <functional>

#include "engine/compile/outline.h"
#include "tests/engine/graph_builder.h"

namespace pawl::engine {
namespace {

using test::GraphBuilder;
using test::Ints;
using test::square;
using Range = PixelUse::Range;
using Front = std::function<ValueId(GraphBuilder*, ValueId)>;

// A YOLOX-like reader behind `front`: (1, 84, 6) of a 64x64 image.
Graph network(const Front& front, int64_t channels = 3) {
  GraphBuilder b(3);
  const ValueId image = b.input({1, channels, 64, 64});
  ValueId x = b.conv(front(&b, image), 8, square(3, 2));
  x = b.conv(x, 8, square(3, 2));
  std::vector<ValueId> levels;
  for (int level = 0; level < 3; ++level) {
    x = b.silu(b.conv(x, 8, square(3, 2)));
    const ValueId joined = b.concat(
        {b.conv(x, 4), b.unary(Op::kSigmoid, b.conv(x, 1)), b.unary(Op::kSigmoid, b.conv(x, 1))},
        1);
    levels.push_back(b.reshape(joined, {1, 6, b.shape(joined)[2] * b.shape(joined)[3]}));
  }
  return b.finish({b.transpose(b.concat(levels, 2), {0, 2, 1})});
}

// YOLOv8 rows of the same network, for the family that divides by 255.
HeadGuess guessed(const Graph& graph, const char* head, const HeadOverrides& more = {}) {
  HeadOverrides overrides = more;
  overrides.head = head;
  const auto guess = guess_head(outline_of(graph), overrides);
  EXPECT_TRUE(guess.ok()) << guess.error().message;
  return guess.ok() ? guess.value() : HeadGuess{};
}

bool assumes(const HeadGuess& guess, const std::string& text) {
  return std::any_of(guess.assumptions.begin(), guess.assumptions.end(),
                     [&](const std::string& line) { return line.find(text) != std::string::npos; });
}

ValueId reverse_by_slice(GraphBuilder* b, ValueId x) {
  return b->slice(x, {0, 2, 0, 0}, {1, -1, 1, 1}, b->shape(x));
}
ValueId reverse_by_gather(GraphBuilder* b, ValueId x) {
  return b->gather(x, b->indices({3}, {2, 1, 0}), 1);
}
ValueId reverse_by_split(GraphBuilder* b, ValueId x) {
  const std::vector<ValueId> c = b->split(x, 1, {1, 1, 1});
  return b->concat({c[2], c[1], c[0]}, 1);
}
ValueId scaled(GraphBuilder* b, ValueId x, Op op, float by) {
  return b->binary(op, x, b->scalar(by));
}
ValueId normalised(GraphBuilder* b, ValueId x, std::vector<float> mean,
                   std::vector<float> deviation) {
  return b->binary(Op::kDiv, b->binary(Op::kSub, x, b->constant({1, 3, 1, 1}, mean)),
                   b->constant({3, 1, 1}, deviation));
}

TEST(PixelUse, Bytes) {
  const Front fronts[] = {
      [](GraphBuilder* b, ValueId x) { return scaled(b, x, Op::kDiv, 255.0F); },
      [](GraphBuilder* b, ValueId x) { return scaled(b, x, Op::kMul, 1.0F / 255.0F); },
      [](GraphBuilder* b, ValueId x) { return scaled(b, x, Op::kMul, 1.0F / 256.0F); },
      [](GraphBuilder* b, ValueId x) {  // to 0..1, then as torchvision
        return normalised(b, scaled(b, x, Op::kDiv, 255.0F), {0.485F, 0.456F, 0.406F},
                          {0.229F, 0.224F, 0.225F});
      },
      [](GraphBuilder* b, ValueId x) {
        return normalised(b, x, {123.7F, 116.3F, 103.5F}, {58.4F, 57.1F, 57.4F});
      },
      [](GraphBuilder* b, ValueId x) {
        return normalised(b, x, {104, 117, 124}, {1, 1, 1});
      },
      [](GraphBuilder* b, ValueId x) {  // to -1..1
        return b->binary(Op::kSub, scaled(b, x, Op::kDiv, 127.5F), b->scalar(1.0F));
      },
      [](GraphBuilder* b, ValueId x) {  // grey
        const std::vector<ValueId> c = b->split(x, 1, {1, 1, 1});
        const ValueId grey =
            scaled(b, b->binary(Op::kAdd, c[0], b->binary(Op::kAdd, c[1], c[2])), Op::kDiv, 765.0F);
        return b->concat({grey, grey, grey}, 1);
      },
      [](GraphBuilder* b, ValueId x) {  // channel by channel
        std::vector<ValueId> c = b->split(x, 1, {1, 1, 1});
        for (ValueId& plane : c) plane = scaled(b, plane, Op::kDiv, 255.0F);
        return b->concat(c, 1);
      },
  };
  for (const Front& front : fronts) {
    const Graph graph = network(front);
    const PixelUse use = pixel_use(graph);
    EXPECT_EQ(use.range, Range::kBytes) << use.words;
    EXPECT_FALSE(use.reversed);
    for (const char* family : {"yolov6", "yolox"}) {
      const HeadGuess guess = guessed(graph, family);
      for (const float scale : guess.pre.scale) EXPECT_EQ(scale, 1.0F);
      for (const float mean : guess.pre.mean) EXPECT_EQ(mean, 0.0F);
      EXPECT_TRUE(assumes(guess, "pixels kept at 0..255 (scale=1): the network "));
    }
    HeadOverrides said;
    ASSERT_TRUE(parse_pre("scale=1/255", &said).ok());
    EXPECT_EQ(guessed(graph, "yolov6", said).pre.scale[0], 1.0F / 255.0F);
    EXPECT_FALSE(assumes(guessed(graph, "yolov6", said), "scale="));
  }
  EXPECT_EQ(pixel_use(network(fronts[0])).words, "the network divides them by 255 itself");
}

TEST(PixelUse, Unit) {
  const Front fronts[] = {
      [](GraphBuilder* b, ValueId x) {
        return normalised(b, x, {0.485F, 0.456F, 0.406F}, {0.229F, 0.224F, 0.225F});
      },
      [](GraphBuilder* b, ValueId x) {
        return scaled(b, b->binary(Op::kSub, x, b->scalar(0.5F)), Op::kMul, 2.0F);
      },
      [](GraphBuilder* b, ValueId x) { return scaled(b, x, Op::kMul, 255.0F); },
  };
  for (const Front& front : fronts) {
    const Graph graph = network(front);
    EXPECT_EQ(pixel_use(graph).range, Range::kUnit) << pixel_use(graph).words;
    const HeadGuess guess = guessed(graph, "yolox");  // bytes, but for its nodes
    EXPECT_EQ(guess.pre.scale[0], 1.0F / 255.0F);
    EXPECT_TRUE(assumes(guess, "divided by 255"));
  }
}

TEST(PixelUse, Order) {
  for (const auto reverse : {reverse_by_slice, reverse_by_gather, reverse_by_split}) {
    for (const bool scale_first : {false, true}) {
      const Graph graph = network([&](GraphBuilder* b, ValueId x) {
        const ValueId first = scale_first ? scaled(b, x, Op::kDiv, 255.0F) : x;
        const ValueId turned = reverse(b, first);
        return scale_first ? turned : scaled(b, turned, Op::kDiv, 255.0F);
      });
      EXPECT_TRUE(pixel_use(graph).reversed);
      EXPECT_FALSE(guessed(graph, "yolov6").pre.rgb);
      EXPECT_TRUE(guessed(graph, "yolox").pre.rgb);
      EXPECT_TRUE(
          assumes(guessed(graph, "yolov6"), "colour order BGR, which the network reverses"));
      HeadOverrides said;
      ASSERT_TRUE(parse_pre("color=rgb", &said).ok());
      EXPECT_TRUE(guessed(graph, "yolov6", said).pre.rgb);
    }
    const Graph only = network(reverse);
    EXPECT_TRUE(pixel_use(only).reversed);
    EXPECT_EQ(pixel_use(only).range, Range::kUnknown);
    EXPECT_EQ(guessed(only, "yolov6").pre.scale[0], 1.0F / 255.0F);
  }
}

TEST(PixelUse, WholeNumbers) {
  Graph graph = network([](GraphBuilder*, ValueId x) { return x; });
  EXPECT_EQ(pixel_use(graph).range, Range::kUnknown);
  EXPECT_EQ(guessed(graph, "yolov6").pre.scale[0], 1.0F / 255.0F);
  graph.value(graph.inputs[0]).declared = DeclaredScale{.scale = 1.0F, .zero = 0};
  EXPECT_EQ(pixel_use(graph).range, Range::kBytes);
  EXPECT_EQ(guessed(graph, "yolov6").pre.scale[0], 1.0F);
  EXPECT_TRUE(assumes(guessed(graph, "yolov6"), "input is whole numbers"));
  // A quantized file whose first scale is that of 0..1.
  graph.value(graph.inputs[0]).declared = DeclaredScale{.scale = 1.0F / 255.0F, .zero = 0};
  EXPECT_EQ(pixel_use(graph).range, Range::kUnknown);
}

TEST(PixelUse, WhatDoesNotTellChangesNothing) {
  const Front fronts[] = {
      [](GraphBuilder* b, ValueId x) { return scaled(b, x, Op::kMul, 2.0F); },
      [](GraphBuilder* b, ValueId x) {  // over pixels, not of one
        return b->binary(Op::kMul, x, b->random_constant({1, 1, 64, 64}, 0.001F, 0.002F));
      },
      [](GraphBuilder* b, ValueId x) {  // the image as well as what is made of it
        return b->binary(Op::kAdd, b->conv(x, 3), scaled(b, x, Op::kDiv, 255.0F));
      },
      [](GraphBuilder* b, ValueId x) {  // two things that are made of it
        const ValueId one = b->conv(scaled(b, x, Op::kDiv, 255.0F), 3);
        return b->binary(Op::kAdd, one, b->conv(scaled(b, x, Op::kDiv, 2.0F), 3));
      },
      [](GraphBuilder* b, ValueId x) {  // behind a convolution
        return scaled(b, b->conv(x, 3), Op::kDiv, 255.0F);
      },
      [](GraphBuilder* b, ValueId x) { return scaled(b, x, Op::kMul, 0.0F); },
  };
  for (const Front& front : fronts) {
    const Graph graph = network(front);
    EXPECT_EQ(pixel_use(graph).range, Range::kUnknown) << pixel_use(graph).words;
    EXPECT_EQ(guessed(graph, "yolov6").pre.scale[0], 1.0F / 255.0F);
    EXPECT_EQ(guessed(graph, "yolox").pre.scale[0], 1.0F);
  }
  // One channel.
  const Graph grey =
      network([](GraphBuilder* b, ValueId x) { return scaled(b, x, Op::kDiv, 255.0F); }, 1);
  EXPECT_EQ(pixel_use(grey).range, Range::kBytes);
}

}  // namespace
}  // namespace pawl::engine
