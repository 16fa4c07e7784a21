// Proves that a compiled plan computes what the graph says: hundreds of random graphs and the
// awkward corners of the lowering, each value of each plan against the reference executor, equal to
// the bit with 1, 2 and 3 threads. CMake runs it once for every instruction set.
#include <gtest/gtest.h>

#include "tests/engine/compile/plan_runner.h"
#include "tests/engine/compile/random_graph.h"
#include "tests/engine/graph_builder.h"

namespace pawl::engine {
namespace {

using test::ConvOptions;
using test::expect_runs_as_reference;
using test::GraphBuilder;
using test::Ints;
using test::square;

// Compiles and runs as the reference does, or is refused while compiling, never later or wrongly.
void expect_right_or_refused(const Graph& graph) {
  const Result<Compiled> compiled = compile(graph, test::without_head());
  if (!compiled.ok()) {
    EXPECT_EQ(compiled.error().code, Code::kUnsupported);
    EXPECT_NE(compiled.error().message.find("node \""), std::string::npos);
    return;
  }
  expect_runs_as_reference(graph, 7);
}

class RandomGraphs : public testing::TestWithParam<uint64_t> {};

TEST_P(RandomGraphs, RunAsTheReference) {
  for (uint64_t i = 0; i < 25; ++i) {
    const uint64_t seed = GetParam() * 1000 + i;
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Graph graph = test::RandomGraph(seed).make();
    if (graph.outputs.empty()) continue;
    expect_runs_as_reference(graph, seed, {.target = i % 5 == 0 ? "cpu-generic" : "native"});
    if (HasFailure()) return;  // one graph is enough to look at
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomGraphs, testing::Range<uint64_t>(0, 16));

TEST(Lowering, StridedSlicesAndRowSplitsInsideAConcat) {
  GraphBuilder b(1);
  const ValueId x = b.conv(b.input({1, 3, 8, 8}), 5, square(3));
  const ValueId every_other = b.slice(x, {0, 0, 0, 1}, {1, 1, 2, 2}, {1, 5, 4, 4});
  const ValueId pooled = b.pool(Op::kMaxPool, x, {.kernel_h = 2, .kernel_w = 2, .strides = {2, 2}});
  const ValueId joined = b.concat({pooled, every_other}, 1);
  const std::vector<ValueId> rows = b.split(x, 2, {4, 4});
  const ValueId stacked = b.concat({rows[1], rows[0]}, 1);
  expect_runs_as_reference(b.finish({b.conv(joined, 3), b.conv(stacked, 2)}), 1);
}

TEST(Lowering, NeckOfADetector) {
  GraphBuilder b(2);
  const ValueId p3 = b.conv(b.input({1, 3, 16, 24}), 9, square(3));
  const ValueId p4 = b.silu(b.conv(p3, 12, square(3, 2)));
  const ValueId p5 = b.silu(b.conv(p4, 10, square(3, 2)));
  const ValueId up4 = b.concat({b.resize(p5, 8, 12, "nearest", "asymmetric", "floor"), p4}, 1);
  const ValueId n4 = b.conv(up4, 8);
  const ValueId up3 = b.concat({b.resize(n4, 16, 24, "nearest", "asymmetric", "floor"), p3}, 1);
  const ValueId n3 = b.conv(up3, 8);
  const ValueId d4 = b.concat({b.conv(n3, 7, square(3, 2)), n4}, 1);
  const ValueId d5 = b.concat({b.conv(d4, 7, square(3, 2)), p5}, 1);
  const ValueId again = b.concat({d5, p5, d5}, 1);
  expect_runs_as_reference(b.finish({n3, d4, d5, b.conv(again, 3), p4}), 2);
}

TEST(Lowering, StemBehindFocus) {
  for (const int64_t stride : {1, 2}) {
    GraphBuilder b(20);
    const ValueId x = b.input({1, 3, 24, 20});
    std::vector<ValueId> phases;
    for (const int64_t phase : {0, 2, 1, 3}) {
      phases.push_back(b.slice(x, {0, 0, phase / 2, phase % 2}, {1, 1, 2, 2}, {1, 3, 12, 10}));
    }
    const ValueId stem = b.silu(b.conv(b.concat(phases, 1), 17, square(3, stride)));
    expect_runs_as_reference(b.finish({b.conv(stem, 5)}), 20);
  }
}

TEST(Lowering, OneOutputManyNames) {
  GraphBuilder b(3);
  const ValueId x = b.conv(b.input({1, 3, 6, 6}), 5);
  const std::vector<ValueId> parts = b.split(x, 1, {2, 3});
  expect_runs_as_reference(b.finish({parts[1], x, parts[0]}), 3);
}

TEST(Lowering, OutputOfConstantSelection) {
  GraphBuilder b(4);
  const ValueId in = b.input({1, 3, 6, 6});
  const ValueId range = b.slice_axis(in, 1, 1, 2);
  expect_runs_as_reference(b.finish({range, b.conv(in, 2)}), 4);
}

TEST(Lowering, TopKAlongAnyAxis) {
  for (const int64_t axis : {1, 2, 3}) {
    GraphBuilder b(5);
    const std::vector<ValueId> best = b.top_k(b.input({1, 3, 5, 7}), axis, 2);
    expect_runs_as_reference(b.finish({best[0], best[1]}), 7);
  }
}

TEST(Lowering, Tile) {
  const Ints repeats[] = {{1, 1, 2, 3}, {1, 2, 1, 1}, {1, 1, 1, 1}, {1, 1, 5, 1}};
  for (const Ints& times : repeats) {
    for (const int64_t height : {1, 4}) {
      GraphBuilder b(6);
      const ValueId x = b.input({1, 3, height, 5});
      expect_runs_as_reference(b.finish({b.node(Op::kTile, {x}, {{"repeats", times}})}), 7);
    }
  }
}

TEST(Lowering, GeluOfBothKinds) {
  for (const char* kind : {"none", "tanh"}) {
    GraphBuilder b(7);
    const ValueId x = b.binary(Op::kMul, b.input({1, 3, 9, 9}), b.scalar(3.0F));
    const test::Attributes approximate = {{"approximate", std::string(kind)}};
    const ValueId image = b.node(Op::kGelu, {b.conv(x, 5)}, approximate);
    const ValueId rows = b.node(Op::kGelu, {b.reshape(x, {3, 81})}, approximate);
    const Graph both = b.finish({image, rows});
    expect_runs_as_reference(both, 7, {.bound = 1e-6});
  }
}

TEST(Lowering, ArgMaxOfTies) {
  for (const int64_t last : {0, 1}) {
    GraphBuilder b(8);
    const ValueId x = b.input({1, 3, 4, 6});
    const ValueId ties = b.concat({x, x}, 3);  // every maximum twice
    expect_runs_as_reference(
        b.finish({b.node(
            Op::kArgMax, {ties},
            {{"axis", int64_t{3}}, {"keepdims", int64_t{0}}, {"select_last_index", last}})}),
        7);
  }
}

TEST(Lowering, CastsToWholeNumbersAndTruth) {
  for (const DType to : {DType::kInt64, DType::kInt32, DType::kBool, DType::kInt8}) {
    SCOPED_TRACE(dtype_name(to));
    GraphBuilder b(9);
    const ValueId x = b.binary(Op::kMul, b.input({1, 3, 5, 5}), b.scalar(4.0F));
    expect_runs_as_reference(b.finish({b.cast(b.cast(x, to), DType::kFloat32)}), 7);
  }
}

TEST(Lowering, WholeNumberArithmeticBelowZero) {
  for (const Op op : {Op::kDiv, Op::kMod, Op::kMul, Op::kSub}) {
    SCOPED_TRACE(op_name(op));
    GraphBuilder b(10);
    const std::vector<ValueId> best = b.top_k(b.input({1, 3, 5, 7}), 3, 4);
    const ValueId below = b.binary(Op::kSub, best[1], b.indices({}, {4}));
    expect_runs_as_reference(b.finish({b.binary(op, below, b.indices({1}, {3}))}), 7);
  }
}

TEST(Lowering, NegativeAndNarrowIndices) {
  for (const int64_t axis : {1, 2, 3}) {
    GraphBuilder b(11);
    const ValueId in = b.input({1, 3, 5, 7});
    const ValueId from_end = b.gather(in, b.indices({2}, {-1, 0}), axis);
    const ValueId scalar = b.gather(in, b.indices({}, {-2}), axis);
    expect_runs_as_reference(b.finish({from_end, scalar}), 11);
    // Indices of 32 bits, as some exporters write them.
    Graph narrow = b.finish({from_end});
    const int32_t values[] = {1, -2};
    for (Value& value : narrow.values) {
      if (value.constant && value.shape == Shape{2}) {
        value.dtype = DType::kInt32;
        value.constant =
            std::make_shared<Tensor>(Tensor::of<int32_t>({2}, std::span<const int32_t>(values)));
      }
    }
    expect_runs_as_reference(narrow, 7);
  }
}

TEST(Lowering, LargeWindows) {
  {  // a global average above the largest window of a kernel
    GraphBuilder b(12);
    const ValueId x = b.input({1, 1, 300, 20});
    expect_right_or_refused(b.finish({b.reduce(Op::kReduceMean, x, {2, 3}, true)}));
  }
  {
    GraphBuilder b(13);
    const ValueId x = b.input({1, 1, 300, 6});
    expect_right_or_refused(b.finish({b.conv(x, 2, {.kernel_h = 290, .kernel_w = 2})}));
  }
  {
    GraphBuilder b(14);
    const ValueId x = b.input({1, 1, 300, 6});
    expect_right_or_refused(b.finish({b.pool(Op::kMaxPool, x, {.kernel_h = 290, .kernel_w = 1})}));
  }
}

TEST(Lowering, MatricesWithBatches) {
  struct Case {
    Shape a, b;
  };
  const Case cases[] = {{{2, 3, 4}, {4, 5}},       {{3, 4}, {2, 4, 5}},
                        {{1, 2, 3, 4}, {2, 4, 5}}, {{2, 1, 3, 4}, {1, 2, 4, 5}},
                        {{2, 3, 3, 4}, {3, 4, 5}}, {{2, 3, 3, 4}, {2, 1, 4, 5}}};
  for (const Case& c : cases) {
    SCOPED_TRACE(to_string(c.a) + " by " + to_string(c.b));
    GraphBuilder b(15);
    const ValueId in = b.input({1, 1, 8, 9});
    const ValueId a = b.reshape(b.slice_axis(b.reshape(in, {72}), 0, 0, element_count(c.a)), c.a);
    expect_runs_as_reference(b.finish({b.node(Op::kMatMul, {a, b.random_constant(c.b)})}), 7);
  }
}

TEST(Lowering, OperatorsWithoutAStepOfTheirOwn) {
  GraphBuilder b(16);
  const ValueId x = b.conv(b.input({1, 3, 6, 6}), 4);
  const test::Attributes pads = {
      {"pads", Ints{0, 0, 1, 1, 0, 0, 1, 1}}, {"mode", std::string("constant")}, {"value", 0.5F}};
  expect_runs_as_reference(b.finish({b.node(Op::kPad, {x}, pads)}), 7);
  const test::Attributes block = {{"blocksize", int64_t{2}}, {"mode", std::string("DCR")}};
  expect_runs_as_reference(b.finish({b.node(Op::kDepthToSpace, {x}, block)}), 7);
  expect_runs_as_reference(b.finish({b.node(Op::kSpaceToDepth, {x}, block)}), 7);
  const ValueId less = b.binary(Op::kLess, x, b.scalar(0.0F));
  expect_runs_as_reference(b.finish({b.node(Op::kWhere, {less, x, b.scalar(1.0F)})}), 7);
  const ValueId scale = b.random_constant({6});
  expect_runs_as_reference(b.finish({b.node(Op::kLayerNormalization, {x, scale},
                                            {{"axis", int64_t{3}}, {"epsilon", 1e-5F}})}),
                           7);
}

TEST(Lowering, TransposedConvolutionsOutsideTheSimpleKind) {
  GraphBuilder b(17);
  const ValueId x = b.input({1, 3, 5, 5});
  const ValueId weight = b.random_constant({3, 4, 3, 3});
  const test::Attributes overlapping = {{"kernel", Ints{3, 3}},     {"strides", Ints{2, 2}},
                                        {"pads", Ints{1, 1, 1, 1}}, {"dilations", Ints{1, 1}},
                                        {"group", int64_t{1}},      {"output_padding", Ints{1, 1}}};
  expect_runs_as_reference(b.finish({b.node(Op::kConvTranspose, {x, weight}, overlapping)}), 7);
  // Dilation spreads the taps: kernel and stride alone do not say that they stay apart.
  const test::Attributes dilated = {{"kernel", Ints{3, 3}},     {"strides", Ints{3, 3}},
                                    {"pads", Ints{0, 0, 0, 0}}, {"dilations", Ints{2, 2}},
                                    {"group", int64_t{1}},      {"output_padding", Ints{0, 0}}};
  expect_runs_as_reference(b.finish({b.node(Op::kConvTranspose, {x, weight}, dilated)}), 7);
}

TEST(Lowering, RefusesWhatIsNotOneImage) {
  {
    GraphBuilder b(18);
    const ValueId two = b.binary(Op::kAdd, b.input({1, 3, 4, 4}), b.input({1, 3, 4, 4}, "mask"));
    const Result<Compiled> compiled = compile(b.finish({two}), test::without_head());
    ASSERT_FALSE(compiled.ok());
    EXPECT_EQ(compiled.error().code, Code::kUnsupported);
  }
  {
    GraphBuilder b(19);
    const ValueId x = b.conv(b.input({2, 3, 4, 4}), 3);
    const Result<Compiled> compiled = compile(b.finish({x}), test::without_head());
    ASSERT_FALSE(compiled.ok());
    EXPECT_EQ(compiled.error().code, Code::kUnsupported);
  }
  {
    GraphBuilder b(20);
    const Graph graph = b.finish({b.conv(b.input({1, 3, 4, 4}), 3)});
    CompileOptions options = test::without_head("cpu-tomorrow");
    const Result<Compiled> compiled = compile(graph, options);
    ASSERT_FALSE(compiled.ok());
    EXPECT_EQ(compiled.error().code, Code::kUnsupported);
  }
}

TEST(Compile, SameGraphSameBytes) {
  for (uint64_t seed = 50; seed < 60; ++seed) {
    const Graph graph = test::RandomGraph(seed).make();
    if (graph.outputs.empty()) continue;
    const Result<Compiled> one = compile(graph, test::without_head());
    const Result<Compiled> two = compile(graph, test::without_head());
    ASSERT_TRUE(one.ok()) << one.error().message;
    EXPECT_EQ(one.value().artifact, two.value().artifact);
  }
}

}  // namespace
}  // namespace pawl::engine
