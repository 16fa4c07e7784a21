// Proves: a layer that 8 bits ruin ends in float and the others stay on 8 bits; a bound that holds
// keeps nothing; one that nothing meets is an error that says by how much; a measure of accuracy is
// obeyed, and no more layers are kept than it needs; the same search twice gives the same bytes.
#include "engine/quantize/search.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/compile/compiler.h"
#include "tests/engine/graph_builder.h"
#include "tests/engine/quantize/random_frames.h"

namespace pawl::engine {
namespace {

using test::GraphBuilder;
using test::kSide;
using test::RandomFrames;
using test::square;

// Six convolutions and a head. `spread`: channels of one branch of the concat differ by up to 2^12,
// and the layer behind it makes up for that: on a scale that the branches share, the small ones are
// rounded to nothing.
Graph network(bool spread) {
  constexpr size_t kChannels = 16;
  constexpr size_t kBranch = 3;  // the third convolution
  constexpr size_t kBehind = 5;  // reads the concat
  constexpr int kLouder = 3;     // so that the outputs depend on more than the last bias
  GraphBuilder b(11);
  const ValueId stem = b.silu(b.conv(b.input({1, 3, kSide, kSide}), kChannels, square(3, 2)));
  const ValueId first = b.silu(b.conv(stem, kChannels, square(3)));
  const ValueId branch = b.unary(Op::kRelu, b.conv(first, kChannels, square(3)));
  const ValueId other = b.unary(Op::kRelu, b.conv(first, kChannels, square(1)));
  const ValueId behind = b.silu(b.conv(b.concat({branch, other}, 1), kChannels, square(1)));
  const ValueId last = b.silu(b.conv(behind, kChannels, square(3)));
  Graph graph = b.finish({b.conv(last, 9, square(1))});
  size_t seen = 0;
  for (Node& node : graph.nodes) {
    if (node.op != Op::kConv) continue;
    ++seen;
    if (seen != kBranch && seen != kBehind) continue;
    const bool makes = seen == kBranch;
    Tensor weight = *graph.value(node.inputs[1]).constant;
    Tensor bias = *graph.value(node.inputs[2]).constant;
    const auto power = [&](size_t channel) {
      const int up = spread && channel < kChannels ? static_cast<int>(channel % 13) : 0;
      return makes ? up : kLouder - up;
    };
    const std::span<float> w = weight.as<float>();
    const size_t inner = w.size() / kChannels;
    for (size_t i = 0; i < w.size(); ++i) {
      w[i] = std::ldexp(w[i], power(makes ? i / inner : i % inner));
    }
    for (size_t c = 0; c < kChannels && makes; ++c) {
      bias.as<float>()[c] = std::ldexp(bias.as<float>()[c], power(c));
    }
    node.inputs[1] = graph.add_constant("weight " + std::to_string(seen), std::move(weight));
    node.inputs[2] = graph.add_constant("bias " + std::to_string(seen), std::move(bias));
  }
  return graph;
}

std::string conv_name(const Graph& graph, size_t number) {
  for (const Node& node : graph.nodes) {
    if (node.op == Op::kConv && --number == 0) return node.name;
  }
  return "";
}

Result<Compiled> compile_within(const Graph& graph, AccuracyBound bound) {
  RandomFrames calibration(12, 1);
  RandomFrames held_out(6, 500);
  bound.frames = &held_out;
  CompileOptions options;
  options.head.head = "none";
  options.calibration = &calibration;
  options.bound = &bound;
  return compile(graph, options);
}

std::vector<std::string> kept_layers(const CompileReport& report) {
  std::vector<std::string> names;
  for (const QuantizedLayer& layer : report.quantization.layers) {
    if (!layer.int8 && layer.reason.find("accuracy") != std::string::npos) {
      names.push_back(layer.node);
    }
  }
  return names;
}

TEST(Search, TheAwfulLayerAloneEndsInFloat) {
  const Graph graph = network(/*spread=*/true);
  const auto compiled = compile_within(graph, {.min_sqnr_db = 20.0});
  ASSERT_TRUE(compiled.ok()) << compiled.error().message;
  const CompileReport& report = compiled.value().report;
  EXPECT_LT(report.search->all_int8, 15.0);
  EXPECT_GE(report.search->reached, 20.0);
  EXPECT_EQ(kept_layers(report), std::vector<std::string>{conv_name(graph, 5)});
  EXPECT_EQ(report.search->ranking.size(), 6U);
  // The least sure number, the estimate, still has to put the plan between the two.
  EXPECT_GT(report.search->estimated_ms, report.search->int8_estimated_ms);
  EXPECT_LT(report.search->estimated_ms, report.search->float_estimated_ms);
}

TEST(Search, ABoundThatHoldsKeepsNothing) {
  const auto compiled = compile_within(network(/*spread=*/false), {.min_sqnr_db = 15.0});
  ASSERT_TRUE(compiled.ok()) << compiled.error().message;
  const CompileReport& report = compiled.value().report;
  EXPECT_TRUE(kept_layers(report).empty());
  EXPECT_TRUE(report.search->ranking.empty());
  EXPECT_LE(report.search->plans, 3U);
  EXPECT_EQ(report.search->reached, report.search->all_int8);
}

TEST(Search, AnImpossibleBoundSaysByHowMuch) {
  const auto compiled = compile_within(network(/*spread=*/true), {.min_sqnr_db = 250.0});
  ASSERT_FALSE(compiled.ok());
  EXPECT_EQ(compiled.error().code, Code::kExhausted);
  const std::string& message = compiled.error().message;
  EXPECT_NE(message.find("250.0 dB"), std::string::npos) << message;
  EXPECT_NE(message.find("short"), std::string::npos) << message;
  EXPECT_NE(message.find("1 of 6 layers in INT8"), std::string::npos) << message;
}

// A measure that only counts: each 8-bit convolution costs a point.
TEST(Search, ObeysAMeasureAndKeepsNoMoreThanItNeeds) {
  size_t calls = 0;
  AccuracyBound bound{.measure = [&calls](const Artifact& plan) -> Result<double> {
                        ++calls;
                        double points = 50.0;
                        for (const StepRecord& step : plan.steps()) {
                          if (step.kind == StepKind::kConvU8) points -= 1.0;
                        }
                        return points;
                      },
                      .max_drop = 3.0};
  size_t told = 0;
  size_t most = 0;
  bound.progress = [&](size_t done, size_t at_most) {
    told = done;
    most = at_most;
  };
  const auto compiled = compile_within(network(/*spread=*/false), bound);
  ASSERT_TRUE(compiled.ok()) << compiled.error().message;
  const SearchResult& search = *compiled.value().report.search;
  EXPECT_EQ(search.float_accuracy, 50.0);
  EXPECT_EQ(search.all_int8, 44.0);
  EXPECT_EQ(search.reached, 47.0);
  EXPECT_EQ(search.kept.size(), 3U);
  EXPECT_EQ(told, search.plans);
  EXPECT_LE(search.plans, most);
  EXPECT_LT(calls, search.plans);
}

TEST(Search, AMeasureThatFailsFailsTheSearch) {
  const auto compiled =
      compile_within(network(/*spread=*/false), {.measure = [](const Artifact&) -> Result<double> {
                       return Error{Code::kNotFound, "no labels"};
                     }});
  ASSERT_FALSE(compiled.ok());
  EXPECT_EQ(compiled.error().message, "no labels");
}

TEST(Search, SameBytesTwice) {
  const Graph graph = network(/*spread=*/true);
  const auto first = compile_within(graph, {.min_sqnr_db = 20.0});
  const auto second = compile_within(graph, {.min_sqnr_db = 20.0});
  ASSERT_TRUE(first.ok()) << first.error().message;
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(first.value().artifact, second.value().artifact);
}

// What is kept reads and writes float: neither side of it is rounded to 8 bits.
TEST(Search, KeptLayersReadAndWriteFloat) {
  const auto compiled = compile_within(network(/*spread=*/true), {.min_sqnr_db = 20.0});
  ASSERT_TRUE(compiled.ok());
  const auto artifact = Artifact::from_bytes(compiled.value().artifact, "test");
  ASSERT_TRUE(artifact.ok());
  const auto element = [&](int32_t tensor) {
    return artifact.value().tensors()[static_cast<size_t>(tensor)].element;
  };
  const std::vector<std::string> kept = kept_layers(compiled.value().report);
  ASSERT_FALSE(kept.empty());
  size_t found = 0;
  for (const StepRecord& step : artifact.value().steps()) {
    if (artifact.value().text(step.name) != kept[0]) continue;
    if (step.kind != StepKind::kConv && step.kind != StepKind::kWinograd) continue;
    ++found;
    EXPECT_EQ(element(step.input[0]), Element::kFloat32);
    EXPECT_EQ(element(step.output[0]), Element::kFloat32);
    for (const StepRecord& other : artifact.value().steps()) {
      EXPECT_FALSE(other.kind == StepKind::kDequantize && other.output[0] == step.input[0]);
    }
  }
  EXPECT_EQ(found, 1U);
}

}  // namespace
}  // namespace pawl::engine
