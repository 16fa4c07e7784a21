// Proves: the invariants of engine/plan/quantization.h hold on networks shaped like YOLO's; the
// compiled INT8 plan stays close to the float network, also where depthwise channels differ by
// orders of magnitude; it gives the same bits twice and with any number of threads; bad input gives
// an error, never an artifact.
#include "engine/quantize/quantizer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <set>

#include "engine/artifact/artifact.h"
#include "engine/compile/compiler.h"
#include "engine/passes/passes.h"
#include "engine/runtime/session.h"
#include "tests/engine/graph_builder.h"
#include "tests/engine/quantize/random_frames.h"

namespace pawl::engine {
namespace {

using test::GraphBuilder;
using test::square;

using test::kSide;
using test::RandomFrames;

ValueId conv_silu(GraphBuilder* b, ValueId x, int64_t channels, const test::ConvOptions& o) {
  return b->silu(b->conv(x, channels, o));
}

// Stem, C2f with a shortcut, SPPF, upsample and concat, depthwise, head.
Graph yolo_like(uint64_t seed) {
  GraphBuilder b(seed);
  const ValueId stem = conv_silu(&b, b.input({1, 3, kSide, kSide}), 16, square(3, 2));
  const ValueId wide = conv_silu(&b, stem, 24, square(1));
  const auto halves = b.split(wide, 1, {12, 12});
  const ValueId inner = conv_silu(&b, halves[1], 12, square(3));
  const ValueId sum = b.binary(Op::kAdd, halves[1], conv_silu(&b, inner, 12, square(3)));
  const ValueId c2f = conv_silu(&b, b.concat({halves[0], halves[1], sum}, 1), 20, square(1));
  const ValueId down = conv_silu(&b, c2f, 16, square(3, 2));
  const ValueId pooled = b.pool(Op::kMaxPool, down, square(5));
  const ValueId sppf = conv_silu(&b, b.concat({down, pooled}, 1), 16, square(1));
  const ValueId up = b.resize(sppf, 16, 16, "nearest", "asymmetric", "floor");
  const ValueId neck = conv_silu(&b, b.concat({up, c2f}, 1), 24, square(1));
  const ValueId deep = conv_silu(&b, neck, 24, square(3, 1, 24));
  const ValueId last = conv_silu(&b, deep, 16, square(1));
  return b.finish({b.conv(last, 9, square(1)), b.conv(sppf, 9, square(1))});
}

PreprocessSpec pixels_by_255() {
  return PreprocessSpec{.width = kSide, .height = kSide};
}

CompileOptions with_pixels(const HeadOverrides& pixels) {
  CompileOptions options;
  options.head = pixels;
  options.head.head = "none";
  return options;
}

Result<Compiled> compile_int8(const Graph& graph, CalibrationFrames* frames,
                              const HeadOverrides& pixels = {}) {
  CompileOptions options = with_pixels(pixels);
  options.calibration = frames;
  return compile(graph, options);
}

// Ratio of signal to error of the outputs, in decibels, on frames that calibration did not see.
double sqnr_db(const Graph& graph, const Artifact& int8, const HeadOverrides& pixels = {}) {
  auto plain = compile(graph, with_pixels(pixels));
  EXPECT_TRUE(plain.ok());
  auto reference = Artifact::from_bytes(plain.value().artifact, "float");
  EXPECT_TRUE(reference.ok());
  auto a = Session::create(reference.value(), {.threads = 1});
  auto b = Session::create(int8, {.threads = 1});
  EXPECT_TRUE(a.ok());
  EXPECT_TRUE(b.ok()) << b.error().message;
  double signal = 0.0;
  double noise = 0.0;
  RandomFrames frames(4, 900);
  for (size_t i = 0; i < frames.count(); ++i) {
    const platform::Frame frame = frames.frame(i).value();
    EXPECT_TRUE(a.value().preprocess(frame).ok());
    EXPECT_TRUE(b.value().preprocess(frame).ok());
    EXPECT_TRUE(a.value().run().ok());
    EXPECT_TRUE(b.value().run().ok());
    for (size_t o = 0; o < a.value().outputs().value().size(); ++o) {
      size_t count = 1;
      for (const int32_t e : a.value().outputs().value()[o].extent) count *= static_cast<size_t>(e);
      std::vector<float> x(count);
      std::vector<float> y(count);
      copy_elements(a.value().outputs().value()[o], x);
      copy_elements(b.value().outputs().value()[o], y);
      for (size_t k = 0; k < count; ++k) {
        signal += double{x[k]} * x[k];
        noise += (double{x[k]} - y[k]) * (double{x[k]} - y[k]);
      }
    }
  }
  return 10.0 * std::log10(signal / noise);
}

TEST(Quantizer, InvariantsHold) {
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    Graph graph = yolo_like(seed);
    optimise(&graph);
    RandomFrames frames(8, 1);
    QuantizeReport report;
    const auto made = quantize(graph, pixels_by_255(), frames, {}, &report);
    ASSERT_TRUE(made.ok()) << made.error().message;
    const GraphQuantization& q = made.value();
    const auto same = [&](ValueId a, ValueId b) {
      const auto& x = q.values[static_cast<size_t>(a)];
      const auto& y = q.values[static_cast<size_t>(b)];
      return x.has_value() == y.has_value() && (!x || (x->scale == y->scale && x->zero == y->zero));
    };
    for (const ValueId output : graph.outputs) {
      EXPECT_FALSE(q.values[static_cast<size_t>(output)].has_value());
    }
    int32_t int8 = 0;
    for (size_t i = 0; i < graph.nodes.size(); ++i) {
      const Node& node = graph.nodes[i];
      const bool joins = node.op == Op::kConcat || node.op == Op::kMaxPool ||
                         node.op == Op::kResize || node.op == Op::kSplit;
      for (const ValueId input : node.inputs) {
        if (joins) {
          EXPECT_TRUE(same(input, node.outputs[0])) << node.name;
        }
      }
      const auto conv = q.convs.find(static_cast<int32_t>(i));
      if (conv == q.convs.end()) continue;
      ++int8;
      EXPECT_TRUE(q.values[static_cast<size_t>(node.inputs[0])].has_value() ||
                  q.boundaries.count(node.inputs[0]) == 1);
      EXPECT_EQ(conv->second.weight_scale.size(), conv->second.bias.size());
      for (const float scale : conv->second.weight_scale) EXPECT_GT(scale, 0.0F);
    }
    EXPECT_EQ(int8, 10);  // all but the two heads
    EXPECT_EQ(report.layers.size(), 12U);
  }
}

// The tail of an exported detector: boxes as a softmax over bins and the sum that a convolution
// with fixed weights takes of it, scores as sigmoids.
TEST(Quantizer, TheLastLearnedConvolutionsStayFloat) {
  GraphBuilder b(9);
  const ValueId shared = conv_silu(&b, b.input({1, 3, kSide, kSide}), 16, square(3, 2));
  const ValueId before = conv_silu(&b, shared, 16, square(3));
  const int64_t cells = int64_t{kSide / 2} * (kSide / 2);
  const ValueId bins = b.conv(before, 32, square(1));
  const ValueId rows = b.transpose(b.reshape(bins, {1, 4, 8, cells}), {0, 2, 1, 3});
  const ValueId sum = b.conv(b.softmax(rows, 1), 1, square(1));
  const ValueId boxes = b.reshape(sum, {1, 4, cells});
  const ValueId scores =
      b.unary(Op::kSigmoid, b.reshape(b.conv(before, 5, square(1)), {1, 5, cells}));
  Graph graph = b.finish({b.concat({boxes, scores}, 1)});
  optimise(&graph);
  RandomFrames frames(8, 1);
  QuantizeReport report;
  const auto made = quantize(graph, pixels_by_255(), frames, {}, &report);
  ASSERT_TRUE(made.ok()) << made.error().message;
  ASSERT_EQ(report.layers.size(), 5U);
  for (size_t i = 0; i < report.layers.size(); ++i) {
    EXPECT_EQ(report.layers[i].int8, i < 2) << i << ": " << report.layers[i].reason;
  }
}

TEST(Quantizer, StaysCloseToTheFloatNetwork) {
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    const Graph graph = yolo_like(seed);
    RandomFrames frames(16, 1);
    const auto compiled = compile_int8(graph, &frames);
    ASSERT_TRUE(compiled.ok()) << compiled.error().message;
    const auto artifact = Artifact::from_bytes(compiled.value().artifact, "int8");
    ASSERT_TRUE(artifact.ok()) << artifact.error().message;
    EXPECT_GT(sqnr_db(graph, artifact.value()), 24.0) << "seed " << seed;
  }
}

// Groups read and write ranges of channels, a step each; what lies between them is equalized.
TEST(Quantizer, GroupedConvolutionsStayClose) {
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    GraphBuilder b(seed);
    ValueId x = conv_silu(&b, b.input({1, 3, kSide, kSide}), 24, square(3, 2));
    for (const int64_t groups : {2, 4, 8}) x = conv_silu(&b, x, 24, square(3, 1, groups));
    const Graph graph = b.finish({b.conv(conv_silu(&b, x, 16, square(1)), 9, square(1))});
    RandomFrames frames(16, 1);
    const auto compiled = compile_int8(graph, &frames);
    ASSERT_TRUE(compiled.ok()) << compiled.error().message;
    const auto artifact = Artifact::from_bytes(compiled.value().artifact, "int8");
    ASSERT_TRUE(artifact.ok()) << artifact.error().message;
    EXPECT_GT(sqnr_db(graph, artifact.value()), 24.0) << "seed " << seed;
  }
}

// Channels of a depthwise layer that differ a thousandfold: one scale a tensor would round the
// small ones, which the next layer's weights make important, to nothing.
TEST(Quantizer, EvensOutUnequalChannels) {
  GraphBuilder b(7);
  const ValueId stem = conv_silu(&b, b.input({1, 3, kSide, kSide}), 16, square(3, 2));
  const ValueId deep = b.conv(stem, 16, square(3, 1, 16));
  const ValueId mix = b.conv(b.unary(Op::kRelu, deep), 16, square(1));
  Graph graph = b.finish({b.conv(b.silu(mix), 8, square(1))});
  const auto scaled = [&](size_t node, bool per_output, bool up) {
    Node& conv = graph.nodes[node];
    Tensor weight = *graph.value(conv.inputs[1]).constant;
    Tensor bias = *graph.value(conv.inputs[2]).constant;
    const std::span<float> w = weight.as<float>();
    const size_t inner = w.size() / 16;
    for (size_t i = 0; i < w.size(); ++i) {
      const size_t channel = per_output ? i / inner : i % inner;
      w[i] *= std::pow(2.0F, (up ? 1.0F : -1.0F) * static_cast<float>(channel % 11));
    }
    for (size_t c = 0; c < 16 && per_output; ++c) {
      bias.as<float>()[c] *= std::pow(2.0F, static_cast<float>(c % 11));
    }
    conv.inputs[1] = graph.add_constant("w" + std::to_string(node), std::move(weight));
    conv.inputs[2] = graph.add_constant("b" + std::to_string(node), std::move(bias));
  };
  std::vector<size_t> convs;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    if (graph.nodes[i].op == Op::kConv) convs.push_back(i);
  }
  scaled(convs[1], true, true);    // depthwise: channel c is 2^(c mod 11) larger
  scaled(convs[2], false, false);  // and the next layer makes up for it
  RandomFrames frames(16, 1);
  const auto compiled = compile_int8(graph, &frames);
  ASSERT_TRUE(compiled.ok()) << compiled.error().message;
  const auto artifact = Artifact::from_bytes(compiled.value().artifact, "int8");
  ASSERT_TRUE(artifact.ok());
  EXPECT_GT(sqnr_db(graph, artifact.value()), 20.0);
}

// The first convolution reads the camera's bytes also where pixels lose a mean and are scaled
// channel by channel; its padding then stands for pixels of the mean.
TEST(Quantizer, TakesMeansAndScalesOfPixels) {
  HeadOverrides pixels;
  pixels.mean = {103.53F, 116.28F, 123.675F};
  pixels.scale = {0.0174F, 0.0275F, 0.0109F};
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    const Graph graph = yolo_like(seed);
    RandomFrames frames(16, 1);
    const auto compiled = compile_int8(graph, &frames, pixels);
    ASSERT_TRUE(compiled.ok()) << compiled.error().message;
    const auto artifact = Artifact::from_bytes(compiled.value().artifact, "int8");
    ASSERT_TRUE(artifact.ok()) << artifact.error().message;
    const auto input = static_cast<size_t>(artifact.value().plan().input_tensor);
    EXPECT_EQ(artifact.value().tensors()[input].element, Element::kUint8);
    EXPECT_GT(sqnr_db(graph, artifact.value(), pixels), 24.0) << "seed " << seed;
  }
}

int64_t steps_of(const Artifact& artifact, StepKind kind) {
  return std::count_if(artifact.steps().begin(), artifact.steps().end(),
                       [kind](const StepRecord& step) { return step.kind == kind; });
}

// What YOLOv9 shrinks with, a sum that no convolution takes, a gate over channels, a clipped one,
// and numbers that scale and shift.
Graph network_of_operators(uint64_t seed) {
  GraphBuilder b(seed);
  const ValueId stem = conv_silu(&b, b.input({1, 3, kSide, kSide}), 16, square(3, 2));
  const ValueId mean = b.pool(Op::kAveragePool, stem, {.kernel_h = 2, .kernel_w = 2});
  const ValueId small = conv_silu(&b, mean, 24, square(3, 2));
  const ValueId pooled = b.pool(Op::kAveragePool, small, square(3), true);
  const ValueId sum = b.unary(Op::kRelu, b.binary(Op::kAdd, small, pooled));
  const ValueId gate = b.conv(b.reduce(Op::kReduceMean, sum, {2, 3}, true), 24, square(1));
  const ValueId gated = b.binary(Op::kMul, sum, b.unary(Op::kSigmoid, gate));
  const ValueId shifted =
      b.binary(Op::kAdd, b.binary(Op::kMul, gated, b.scalar(0.7F)), b.scalar(-0.1F));
  const ValueId last = conv_silu(&b, shifted, 16, square(1));
  return b.finish({b.conv(last, 9, square(1))});
}

TEST(Quantizer, OperatorsRunOnBytes) {
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    const Graph graph = network_of_operators(seed);
    RandomFrames frames(16, 1);
    const auto compiled = compile_int8(graph, &frames);
    ASSERT_TRUE(compiled.ok()) << compiled.error().message;
    const auto artifact = Artifact::from_bytes(compiled.value().artifact, "int8");
    ASSERT_TRUE(artifact.ok()) << artifact.error().message;
    EXPECT_EQ(steps_of(artifact.value(), StepKind::kAveragePoolU8), 3);
    EXPECT_EQ(steps_of(artifact.value(), StepKind::kBinaryU8), 2);
    EXPECT_EQ(steps_of(artifact.value(), StepKind::kTableU8), 3);
    EXPECT_EQ(steps_of(artifact.value(), StepKind::kQuantize), 0);
    EXPECT_EQ(steps_of(artifact.value(), StepKind::kDequantize), 1);  // for the head
    EXPECT_GT(sqnr_db(graph, artifact.value()), 24.0) << "seed " << seed;
  }
}

// An operator that reads floats stays float, and so does what only it feeds.
TEST(Quantizer, OperatorsOnFloatsStayFloat) {
  GraphBuilder b(11);
  const ValueId x = b.input({1, 3, kSide, kSide});
  const ValueId wavy = b.unary(Op::kTanh, b.conv(x, 16, square(3, 2)));  // no 8-bit epilogue
  const ValueId mean = b.pool(Op::kAveragePool, wavy, square(3));
  const ValueId sum = b.binary(Op::kAdd, mean, wavy);
  const ValueId last = conv_silu(&b, sum, 16, square(1));
  const Graph graph = b.finish({b.conv(last, 9, square(1))});
  RandomFrames frames(16, 1);
  const auto compiled = compile_int8(graph, &frames);
  ASSERT_TRUE(compiled.ok()) << compiled.error().message;
  const auto artifact = Artifact::from_bytes(compiled.value().artifact, "int8");
  ASSERT_TRUE(artifact.ok());
  EXPECT_EQ(steps_of(artifact.value(), StepKind::kAveragePoolU8), 0);
  EXPECT_EQ(steps_of(artifact.value(), StepKind::kBinaryU8), 0);
  EXPECT_EQ(steps_of(artifact.value(), StepKind::kQuantize), 1);
  EXPECT_GT(sqnr_db(graph, artifact.value()), 24.0);
}

TEST(Quantizer, SameBitsTwiceAndWithAnyThreads) {
  const Graph graph = yolo_like(3);
  RandomFrames frames(8, 1);
  const auto first = compile_int8(graph, &frames);
  const auto second = compile_int8(graph, &frames);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(first.value().artifact, second.value().artifact);
  const auto artifact = Artifact::from_bytes(first.value().artifact, "int8");
  std::vector<std::vector<float>> outputs;
  for (const int32_t threads : {1, 2, 3}) {
    auto session = Session::create(artifact.value(), {.threads = threads});
    ASSERT_TRUE(session.ok());
    ASSERT_TRUE(session.value().preprocess(frames.frame(0).value()).ok());
    EXPECT_TRUE(session.value().run().ok());
    std::vector<float> values(9 * 16 * 16);
    copy_elements(session.value().outputs().value()[0], values);
    outputs.push_back(values);
  }
  EXPECT_EQ(std::memcmp(outputs[0].data(), outputs[1].data(), outputs[0].size() * 4), 0);
  EXPECT_EQ(std::memcmp(outputs[0].data(), outputs[2].data(), outputs[0].size() * 4), 0);
}

TEST(Quantizer, RefusesWhatCannotBeCalibrated) {
  RandomFrames none(0, 1);
  const auto empty = compile_int8(yolo_like(1), &none);
  ASSERT_FALSE(empty.ok());
  EXPECT_NE(empty.error().message.find("calibration"), std::string::npos);

  for (const float number :
       {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
    for (const size_t input : {size_t{1}, size_t{2}}) {  // weights and bias
      Graph graph = yolo_like(1);
      for (Node& node : graph.nodes) {
        if (node.op != Op::kConv) continue;
        Tensor broken = *graph.value(node.inputs[input]).constant;
        broken.as<float>()[0] = number;
        node.inputs[input] = graph.add_constant("broken", std::move(broken));
        break;
      }
      RandomFrames frames(4, 1);
      const auto refused = compile_int8(graph, &frames);
      ASSERT_FALSE(refused.ok());
      EXPECT_NE(refused.error().message.find("not finite"), std::string::npos);
    }
  }
}

// A layer that is zero everywhere has no range: any scale is exact, and the rest stays as good.
TEST(Quantizer, ALayerOfZerosIsExact) {
  GraphBuilder b(11);
  const ValueId stem = conv_silu(&b, b.input({1, 3, kSide, kSide}), 8, square(3, 2));
  const ValueId dead = conv_silu(&b, stem, 8, square(3));
  const ValueId both =
      conv_silu(&b, b.concat({stem, conv_silu(&b, dead, 8, square(1))}, 1), 8, square(1));
  Graph graph = b.finish({b.conv(both, 4, square(1))});
  for (const size_t conv : {size_t{3}, size_t{6}}) {  // dead, and what reads it
    for (const size_t input : {size_t{1}, size_t{2}}) {
      Node& node = graph.nodes[conv];
      ASSERT_EQ(node.op, Op::kConv);
      const Tensor zeros(DType::kFloat32, graph.value(node.inputs[input]).shape);
      node.inputs[input] =
          graph.add_constant("zero" + std::to_string(conv) + std::to_string(input), zeros);
    }
  }
  RandomFrames frames(8, 1);
  const auto compiled = compile_int8(graph, &frames);
  ASSERT_TRUE(compiled.ok()) << compiled.error().message;
  const auto artifact = Artifact::from_bytes(compiled.value().artifact, "int8");
  ASSERT_TRUE(artifact.ok());
  EXPECT_GT(sqnr_db(graph, artifact.value()), 24.0);
}

// Declared by a quantized file for the values that convolutions and shortcuts write.
void declare(Graph* graph, const std::function<std::optional<DeclaredScale>(size_t)>& scale_of) {
  for (size_t v = 0; v < graph->values.size(); ++v) {
    if (graph->values[v].constant == nullptr) graph->values[v].declared = scale_of(v);
  }
}

TEST(Quantizer, ScalesOfTheModelAreKeptWhereJoinedValuesAgree) {
  Graph graph = yolo_like(4);
  optimise(&graph);
  QuantizeOptions options;
  options.scales = ScaleSource::kModel;
  RandomFrames frames(4, 1);
  QuantizeReport report;
  const auto made = [&] {
    report = {};
    auto result = quantize(graph, pixels_by_255(), frames, options, &report);
    EXPECT_TRUE(result.ok()) << result.error().message;
    return std::move(result).value();
  };
  // One scale for all: everything but the pixels has it, and nothing is equalized channel by
  // channel.
  declare(&graph, [](size_t) { return DeclaredScale{0.0625F, 37}; });
  const GraphQuantization all = made();
  for (size_t v = 0; v < graph.values.size(); ++v) {
    if (!all.values[v] || static_cast<ValueId>(v) == graph.inputs[0]) continue;
    EXPECT_EQ(all.values[v]->scale, 0.0625F);
    EXPECT_EQ(all.values[v]->zero, 37);
  }
  for (const auto& [node, conv] : all.convs) EXPECT_TRUE(conv.output_factor.empty());
  EXPECT_GT(report.groups_declared, 5U);
  EXPECT_EQ(report.groups_calibrated, 0U);
  EXPECT_EQ(report.groups_differing, 0U);
  // A scale for each value: those that are alone keep it, those that concat, pool and resize join
  // do not.
  const size_t groups = report.groups_declared;
  declare(&graph, [](size_t v) { return DeclaredScale{0.01F * static_cast<float>(v + 1), 9}; });
  const GraphQuantization each = made();
  size_t kept = 0;
  for (size_t v = 0; v < graph.values.size(); ++v) {
    if (!each.values[v]) continue;
    kept += each.values[v]->scale == 0.01F * static_cast<float>(v + 1) ? 1 : 0;
  }
  EXPECT_GT(kept, 2U);
  EXPECT_GT(report.groups_differing, 0U);
  EXPECT_EQ(report.groups_calibrated, report.groups_differing);
  EXPECT_EQ(report.groups_declared + report.groups_calibrated, groups);
  // Unasked for, they are calibrated.
  options.scales = ScaleSource::kCalibration;
  const GraphQuantization calibrated = made();
  Graph plain = graph;
  declare(&plain, [](size_t) { return std::nullopt; });
  const auto same = quantize(plain, pixels_by_255(), frames, options, &report);
  ASSERT_TRUE(same.ok());
  for (size_t v = 0; v < graph.values.size(); ++v) {
    ASSERT_EQ(calibrated.values[v].has_value(), same.value().values[v].has_value());
    if (calibrated.values[v]) {
      EXPECT_EQ(calibrated.values[v]->scale, same.value().values[v]->scale);
    }
  }
  options.scales = ScaleSource::kModel;
  const auto none = quantize(plain, pixels_by_255(), frames, options, &report);
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code, Code::kInvalidArgument);
  EXPECT_NE(none.error().message.find("declares no scales"), std::string::npos);
}

TEST(Quantizer, DeclaredScalesThatFitGiveACloseNetwork) {
  Graph graph = yolo_like(5);
  optimise(&graph);
  RandomFrames frames(16, 1);
  QuantizeReport report;
  const auto calibrated = quantize(graph, pixels_by_255(), frames, {}, &report);
  ASSERT_TRUE(calibrated.ok());
  for (size_t v = 0; v < graph.values.size(); ++v) {
    const auto& q = calibrated.value().values[v];
    if (q) graph.values[v].declared = DeclaredScale{q->scale, q->zero};
  }
  CompileOptions options;
  options.head.head = "none";
  options.calibration = &frames;
  options.quantize.scales = ScaleSource::kModel;
  const auto compiled = compile(graph, options);
  ASSERT_TRUE(compiled.ok()) << compiled.error().message;
  const auto artifact = Artifact::from_bytes(compiled.value().artifact, "int8");
  ASSERT_TRUE(artifact.ok());
  EXPECT_GT(sqnr_db(graph, artifact.value()), 22.0);
}

TEST(Quantizer, FewImagesWarnAndNamedNodesStayFloat) {
  Graph graph = yolo_like(2);
  optimise(&graph);
  QuantizeOptions options;
  for (const Node& node : graph.nodes) {
    if (node.op == Op::kConv && options.float_nodes.size() < 2) {
      options.float_nodes.push_back(node.name);
    }
  }
  RandomFrames frames(4, 1);
  QuantizeReport report;
  const auto made = quantize(graph, pixels_by_255(), frames, options, &report);
  ASSERT_TRUE(made.ok()) << made.error().message;
  EXPECT_EQ(made.value().convs.size(), 8U);
  EXPECT_FALSE(report.layers[0].int8);
  EXPECT_EQ(report.layers[0].reason, "kept by request");
  ASSERT_EQ(report.warnings.size(), 1U);
  EXPECT_NE(report.warnings[0].find("4 calibration images"), std::string::npos);
}

}  // namespace
}  // namespace pawl::engine
