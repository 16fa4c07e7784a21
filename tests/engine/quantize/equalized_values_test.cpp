// Proves what evening out does to values whose channels differ many times over: by the whole ratio
// for a depthwise reader and by its root for a dense one, never where the value is added elsewhere
// as it is, and that such a value reads back as the real numbers it stands for.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/artifact/artifact.h"
#include "engine/compile/compiler.h"
#include "engine/passes/passes.h"
#include "engine/quantize/quantizer.h"
#include "engine/runtime/session.h"
#include "tests/engine/graph_builder.h"
#include "tests/engine/quantize/random_frames.h"

namespace pawl::engine {
namespace {

using test::GraphBuilder;
using test::kSide;
using test::RandomFrames;
using test::square;

constexpr int64_t kChannels = 8;

enum class Reader { kDense, kDepthwise, kShortcut };

// A layer whose channel c is 2^c times as large, and what reads it.
Graph network(Reader reader) {
  GraphBuilder b(41);
  const ValueId stem = b.silu(b.conv(b.input({1, 3, kSide, kSide}), kChannels, square(3, 2)));
  const ValueId unequal = b.unary(Op::kRelu, b.conv(stem, kChannels, square(1)));
  ValueId y = b.conv(unequal, kChannels,
                     reader == Reader::kDepthwise ? square(3, 1, kChannels) : square(3));
  if (reader == Reader::kShortcut) y = b.binary(Op::kAdd, unequal, y);
  const ValueId last = b.conv(b.unary(Op::kRelu, b.conv(y, kChannels, square(1))), 5, square(1));
  Graph graph = b.finish({last});
  size_t seen = 0;
  for (Node& node : graph.nodes) {
    if (node.op != Op::kConv || ++seen > 4) continue;
    if (seen != 2 && seen != 3 && seen != 4) continue;
    Tensor weight = *graph.value(node.inputs[1]).constant;
    Tensor bias = *graph.value(node.inputs[2]).constant;
    const std::span<float> w = weight.as<float>();
    const size_t inner = w.size() / kChannels;
    for (size_t i = 0; i < w.size(); ++i) {
      const auto out = static_cast<int>(i / inner);
      const auto in = static_cast<int>(i % inner / (seen == 3 ? 9 : 1));
      const bool depthwise = reader == Reader::kDepthwise && seen == 3;
      if (seen == 2) w[i] = std::ldexp(w[i], out);
      if (seen == 3 && depthwise) w[i] = std::ldexp(w[i], -out);
      if (seen == 3 && !depthwise) w[i] = std::ldexp(w[i], -in);
      if (seen == 4 && reader == Reader::kShortcut) w[i] = std::ldexp(w[i], -in);
    }
    for (size_t c = 0; c < kChannels && seen == 2; ++c) {
      bias.as<float>()[c] = std::ldexp(std::abs(bias.as<float>()[c]) + 0.5F, static_cast<int>(c));
    }
    node.inputs[1] = graph.add_constant("w" + std::to_string(seen), std::move(weight));
    node.inputs[2] = graph.add_constant("b" + std::to_string(seen), std::move(bias));
  }
  return graph;
}

// Factors of the layer whose channels differ.
std::vector<float> factors(Reader reader) {
  Graph graph = network(reader);
  optimise(&graph);
  RandomFrames frames(12, 1);
  QuantizeReport report;
  const auto made =
      quantize(graph, PreprocessSpec{.width = kSide, .height = kSide}, frames, {}, &report);
  EXPECT_TRUE(made.ok());
  size_t seen = 0;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    if (graph.nodes[i].op != Op::kConv || ++seen != 2) continue;
    const auto conv = made.value().convs.find(static_cast<int32_t>(i));
    EXPECT_NE(conv, made.value().convs.end());
    return conv->second.output_factor;
  }
  return {};
}

TEST(EqualizedValues, ADepthwiseReaderTakesTheWholeRatio) {
  const std::vector<float> depthwise = factors(Reader::kDepthwise);
  const std::vector<float> dense = factors(Reader::kDense);
  ASSERT_EQ(depthwise.size(), static_cast<size_t>(kChannels));
  ASSERT_EQ(dense.size(), static_cast<size_t>(kChannels));
  // The same values: what one reader takes is the other's square, up to the most of 64.
  for (size_t c = 0; c < depthwise.size(); ++c) {
    const float whole = std::min(dense[c] * dense[c], 64.0F);
    EXPECT_NEAR(depthwise[c] / whole, 1.0F, 1e-3F) << "channel " << c;
  }
  EXPECT_GT(*std::max_element(depthwise.begin(), depthwise.end()), 30.0F);
  EXPECT_EQ(*std::min_element(depthwise.begin(), depthwise.end()), 1.0F);
}

// x + conv(x): the sum takes x as it is stored.
TEST(EqualizedValues, WhatAShortcutAddsIsLeftAsItIs) {
  EXPECT_TRUE(factors(Reader::kShortcut).empty());
}

Result<Compiled> compiled(const Graph& graph, CalibrationFrames* frames) {
  CompileOptions options;
  options.head.head = "none";
  options.calibration = frames;
  return compile(graph, options);
}

// Every value by name, channel by channel, as a session shows it; `equalized`: those with factors.
std::map<std::string, std::vector<float>> observed(const Compiled& of,
                                                   std::set<std::string>* equalized) {
  const auto artifact = Artifact::from_bytes(of.artifact, "test");
  EXPECT_TRUE(artifact.ok());
  auto session = Session::create(artifact.value(), {.threads = 1});
  EXPECT_TRUE(session.ok());
  RandomFrames frames(1, 900);
  EXPECT_TRUE(session.value().preprocess(frames.frame(0).value()).ok());
  std::map<std::string, std::vector<float>> values;
  const Status observed = session.value().run_observed([&](int32_t, const TensorView& view) {
    size_t count = 1;
    for (const int32_t extent : view.extent) count *= static_cast<size_t>(extent);
    std::vector<float>& held = values[std::string(view.name)];
    held.resize(count);
    copy_elements(view, held);
    if (view.inverse_scale != nullptr && view.inverse_scale[0] != view.inverse_scale[1]) {
      equalized->insert(std::string(view.name));
    }
  });
  EXPECT_TRUE(observed.ok());
  return values;
}

TEST(EqualizedValues, ReadBackAsRealNumbers) {
  for (const Reader reader : {Reader::kDense, Reader::kDepthwise}) {
    const Graph graph = network(reader);
    RandomFrames frames(12, 1);
    const auto plain = compiled(graph, nullptr);
    const auto int8 = compiled(graph, &frames);
    ASSERT_TRUE(plain.ok() && int8.ok());
    std::set<std::string> none;
    std::set<std::string> equalized;
    const auto wanted = observed(plain.value(), &none);
    const auto found = observed(int8.value(), &equalized);
    EXPECT_TRUE(none.empty());
    size_t compared = 0;
    for (const auto& [name, values] : wanted) {
      const auto same = found.find(name);
      if (equalized.count(name) == 0 || same->second.size() != values.size()) continue;
      const size_t pixels = values.size() / kChannels;
      for (size_t c = 0; c < kChannels && values.size() % kChannels == 0; ++c) {
        double signal = 0.0;
        double noise = 0.0;
        for (size_t p = c * pixels; p < (c + 1) * pixels; ++p) {
          signal += double{values[p]} * double{values[p]};
          noise += std::pow(double{values[p]} - double{same->second[p]}, 2);
        }
        if (signal == 0.0) continue;
        EXPECT_LT(noise, 0.1 * signal) << name << " channel " << c;
      }
      ++compared;
    }
    EXPECT_GE(compared, 1U);
  }
}

// Means of pixels go into the first convolution's bias by groups of none.
TEST(EqualizedValues, AGroupedFirstLayerWithMeansStaysFloat) {
  for (const bool grouped : {false, true}) {
    GraphBuilder b(5);
    const ValueId x =
        b.silu(b.conv(b.input({1, 3, kSide, kSide}), 12, square(3, 1, grouped ? 3 : 1)));
    Graph graph = b.finish({b.conv(b.silu(b.conv(x, 8, square(3))), 5, square(1))});
    optimise(&graph);
    PreprocessSpec pre{.width = kSide, .height = kSide};
    RandomFrames frames(12, 1);
    QuantizeReport report;
    ASSERT_TRUE(quantize(graph, pre, frames, {}, &report).ok());
    EXPECT_TRUE(report.layers[0].int8);
    std::fill_n(pre.mean, 3, 100.0F);
    ASSERT_TRUE(quantize(graph, pre, frames, {}, &report).ok());
    EXPECT_EQ(report.layers[0].int8, !grouped);
  }
}

}  // namespace
}  // namespace pawl::engine
