// Proves that every pass keeps what a graph computes (reference executor before and after, random
// weights), does rewrite what it is for, keeps the names of the graph's outputs and the invariants
// of validate(), and leaves alone what it must not touch.
#include "engine/passes/passes.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/engine/graph_builder.h"
#include "tests/engine/passes/equivalence.h"

namespace pawl::engine {
namespace {

using test::ConvOptions;
using test::count_of;
using test::expect_equivalent;
using test::GraphBuilder;
using test::Ints;
using test::square;
using Pass = int32_t (*)(Graph*);

// What the nodes are and which values they connect, by name.
std::string describe(const Graph& graph) {
  std::string text;
  for (const Node& node : graph.nodes) {
    text += op_name(node.op);
    for (const ValueId id : node.inputs) text += " " + (id < 0 ? "-" : graph.value(id).name);
    for (const ValueId id : node.outputs) text += " > " + graph.value(id).name;
    text += node.has("activation") ? " " + node.text("activation") + "\n" : "\n";
  }
  return text;
}

// Runs the pass, which must rewrite `places` and keep the meaning.
Graph rewritten(Pass pass, const Graph& graph, int32_t places) {
  Graph before = graph;
  remove_dead_nodes(&before);
  EXPECT_TRUE(validate(before).ok());
  Graph after = before;
  EXPECT_EQ(pass(&after), places);
  expect_equivalent(before, after);
  if (places == 0) {
    EXPECT_EQ(describe(after), describe(before));
  } else {
    EXPECT_LT(after.nodes.size(), before.nodes.size());
  }
  return after;
}

// Each graph has a second convolution behind the one of interest, so that a pass that forgets to
// redirect a reader shows.
TEST(FoldIntoConvolutions, BatchNorm) {
  for (const bool bias : {false, true}) {
    for (const int64_t group : {1, 3, 6}) {
      GraphBuilder b(1);
      ConvOptions o = square(3, 2, group);
      o.bias = bias;
      const ValueId y = b.conv(b.batch_norm(b.conv(b.input({1, 6, 9, 7}), 6, o)), 4);
      const Graph after = rewritten(fold_into_convolutions, b.finish({y}), 1);
      EXPECT_EQ(count_of(after, Op::kBatchNormalization), 0);
    }
  }
}

TEST(FoldIntoConvolutions, ScalarsAndChannelsOnEitherSide) {
  const int64_t C = 5;
  const Shape shapes[] = {{}, {1}, {1, 1, 1, 1}, {C, 1, 1}, {1, C, 1, 1}};
  for (const Op op : {Op::kMul, Op::kAdd, Op::kSub, Op::kDiv}) {
    for (const Shape& shape : shapes) {
      for (const bool constant_first : {false, true}) {
        SCOPED_TRACE(std::string(op_name(op)) + " " + to_string(shape) +
                     (constant_first ? " first" : " second"));
        GraphBuilder b(2);
        const ValueId x = b.conv(b.input({1, 3, 6, 8}), C, square(3));
        const ValueId c = b.random_constant(shape, 0.5F, 2.0F);
        const ValueId y = constant_first ? b.binary(op, c, x) : b.binary(op, x, c);
        const bool affine = op != Op::kDiv || !constant_first;
        // c / x can be large: no convolution behind it, whose sums would cancel.
        const Graph graph = b.finish({affine ? b.conv(y, 4) : y});
        const Graph after = rewritten(fold_into_convolutions, graph, affine ? 1 : 0);
        EXPECT_EQ(count_of(after, op), affine ? 0 : 1);
      }
    }
  }
}

TEST(FoldIntoConvolutions, Chains) {
  GraphBuilder b(3);
  const ValueId x = b.conv(b.input({1, 3, 6, 8}), 4, square(3));
  const ValueId n = b.batch_norm(x);
  const ValueId m = b.binary(Op::kMul, b.random_constant({1, 4, 1, 1}), n);
  const ValueId s = b.binary(Op::kSub, b.scalar(1.5F), m);
  const ValueId d = b.binary(Op::kDiv, s, b.random_constant({4, 1, 1}, 0.5F, 2.0F));
  const Graph after = rewritten(fold_into_convolutions, b.finish({d}), 4);
  EXPECT_EQ(after.nodes.size(), 1U);
}

TEST(FoldIntoConvolutions, LeavesWhatIsNotOneNumberAChannel) {
  const Shape refused[] = {{1, 1, 5, 5}, {5},          {1, 1, 1, 5}, {5, 1},
                           {1, 5, 5, 5}, {2, 1, 1, 1}, {2, 5, 1, 1}, {1, 1, 1, 1, 1}};
  for (const Shape& shape : refused) {  // channels == height == width: shapes do not give it away
    SCOPED_TRACE(to_string(shape));
    GraphBuilder b(4);
    const ValueId x = b.conv(b.input({1, 3, 5, 5}), 5, square(3));
    const ValueId y = b.binary(Op::kMul, x, b.random_constant(shape));
    rewritten(fold_into_convolutions, b.finish({y}), 0);
  }
}

TEST(FoldIntoConvolutions, KeepsValuesThatOthersNeed) {
  {  // read twice
    GraphBuilder b(5);
    const ValueId x = b.conv(b.input({1, 3, 5, 5}), 5);
    const ValueId y = b.binary(Op::kMul, x, b.scalar(2.0F));
    rewritten(fold_into_convolutions, b.finish({b.binary(Op::kAdd, x, y)}), 0);
  }
  {  // leaves the graph
    GraphBuilder b(6);
    const ValueId x = b.conv(b.input({1, 3, 5, 5}), 5);
    rewritten(fold_into_convolutions, b.finish({b.batch_norm(x), x}), 0);
  }
  {  // both operands are the convolution
    GraphBuilder b(7);
    const ValueId x = b.conv(b.input({1, 3, 5, 5}), 5);
    rewritten(fold_into_convolutions, b.finish({b.binary(Op::kMul, x, x)}), 0);
  }
  {  // weights shared by two convolutions, one folded: the other keeps its own
    GraphBuilder b(8);
    const ValueId x = b.input({1, 3, 5, 5});
    const ValueId one = b.conv(x, 5);
    Graph graph = b.finish({});
    const ValueId weight = graph.nodes[0].inputs[1];
    const test::Attributes attributes = {{"kernel", Ints{1, 1}},
                                         {"strides", Ints{1, 1}},
                                         {"pads", Ints{0, 0, 0, 0}},
                                         {"dilations", Ints{1, 1}},
                                         {"group", int64_t{1}}};
    const ValueId two = b.node(Op::kConv, {x, weight}, attributes);
    rewritten(fold_into_convolutions, b.finish({b.batch_norm(one), two}), 1);
  }
}

// A normalisation whose convolution is read twice, and one behind a sum.
TEST(SpellOutBatchNorms, MulAndAdd) {
  GraphBuilder b(31);
  const ValueId x = b.conv(b.input({1, 3, 9, 7}), 6, square(3));
  const ValueId normal = b.batch_norm(x);
  const ValueId after_sum = b.batch_norm(b.binary(Op::kAdd, x, b.unary(Op::kRelu, normal)));
  Graph before = b.finish({b.unary(Op::kRelu, after_sum), x});
  Graph after = before;
  EXPECT_EQ(fold_into_convolutions(&after), 0);
  EXPECT_EQ(decompose_batch_norms(&after), 2);
  expect_equivalent(before, after);
  EXPECT_EQ(count_of(after, Op::kBatchNormalization), 0);
  Graph whole = before;
  optimise(&whole);
  expect_equivalent(before, whole);
  EXPECT_EQ(count_of(whole, Op::kBatchNormalization), 0);
}

TEST(RecogniseActivations, SiluHardSwishMishInBothOrders) {
  for (const Op wanted : {Op::kSilu, Op::kHardSwish, Op::kMish}) {
    for (const bool gate_first : {false, true}) {
      GraphBuilder b(9);
      const ValueId x = b.conv(b.input({1, 3, 6, 6}), 7);
      ValueId gate = kNoValue;
      if (wanted == Op::kSilu) gate = b.unary(Op::kSigmoid, x);
      if (wanted == Op::kHardSwish) {
        gate = b.node(Op::kHardSigmoid, {x}, {{"alpha", 1.0F / 6.0F}, {"beta", 0.5F}});
      }
      if (wanted == Op::kMish) gate = b.unary(Op::kTanh, b.unary(Op::kSoftplus, x));
      const ValueId y = gate_first ? b.binary(Op::kMul, gate, x) : b.binary(Op::kMul, x, gate);
      const Graph after = rewritten(recognise_activations, b.finish({b.conv(y, 4)}), 1);
      EXPECT_EQ(count_of(after, wanted), 1);
      EXPECT_EQ(count_of(after, Op::kMul), 0);
      EXPECT_EQ(after.nodes.size(), 3U);
    }
  }
}

TEST(RecogniseActivations, LeavesLookAlikes) {
  {  // another value's gate
    GraphBuilder b(10);
    const ValueId in = b.input({1, 3, 6, 6});
    const ValueId y = b.binary(Op::kMul, b.conv(in, 3), b.unary(Op::kSigmoid, in));
    rewritten(recognise_activations, b.finish({y}), 0);
  }
  {  // a gate read by somebody else as well
    GraphBuilder b(11);
    const ValueId x = b.input({1, 3, 6, 6});
    const ValueId gate = b.unary(Op::kSigmoid, x);
    const ValueId y = b.binary(Op::kMul, x, gate);
    rewritten(recognise_activations, b.finish({b.binary(Op::kAdd, y, gate)}), 0);
    rewritten(recognise_activations, b.finish({y, gate}), 0);
  }
  {  // hard sigmoid of other constants
    GraphBuilder b(12);
    const ValueId x = b.input({1, 3, 6, 6});
    const ValueId gate = b.node(Op::kHardSigmoid, {x}, {{"alpha", 0.2F}, {"beta", 0.5F}});
    rewritten(recognise_activations, b.finish({b.binary(Op::kMul, x, gate)}), 0);
  }
  {  // softplus inside Mish leaves the graph
    GraphBuilder b(13);
    const ValueId x = b.input({1, 3, 6, 6});
    const ValueId soft = b.unary(Op::kSoftplus, x);
    const ValueId y = b.binary(Op::kMul, x, b.unary(Op::kTanh, soft));
    rewritten(recognise_activations, b.finish({y, soft}), 0);
  }
  {  // sigmoid times itself
    GraphBuilder b(14);
    const ValueId gate = b.unary(Op::kSigmoid, b.input({1, 3, 6, 6}));
    rewritten(recognise_activations, b.finish({b.binary(Op::kMul, gate, gate)}), 0);
  }
}

ValueId activation(GraphBuilder* b, Op op, ValueId x) {
  switch (op) {
    case Op::kLeakyRelu:
      return b->node(op, {x}, {{"alpha", 0.13F}});
    case Op::kHardSigmoid:
      return b->node(op, {x}, {{"alpha", 0.25F}, {"beta", 0.4F}});
    case Op::kClip:
      return b->node(op, {x}, {{"min", -0.3F}, {"max", 0.6F}});
    default:
      return b->unary(op, x);
  }
}

constexpr Op kFused[] = {Op::kRelu,        Op::kLeakyRelu, Op::kSigmoid, Op::kSilu, Op::kHardSwish,
                         Op::kHardSigmoid, Op::kTanh,      Op::kMish,    Op::kClip};

TEST(FuseActivations, EveryKind) {
  for (const Op op : kFused) {
    SCOPED_TRACE(op_name(op));
    GraphBuilder b(15);
    const ValueId x = activation(&b, op, b.conv(b.input({1, 3, 6, 6}), 7));
    const Graph after = rewritten(fuse_activations, b.finish({b.conv(x, 4)}), 1);
    EXPECT_EQ(count_of(after, op), 0);
    EXPECT_TRUE(after.nodes[0].has("activation"));
  }
}

TEST(FuseActivations, OneActivationAConvolutionAndNoneThatOthersNeed) {
  {  // the second activation stays
    GraphBuilder b(16);
    const ValueId x = b.unary(Op::kTanh, b.unary(Op::kRelu, b.conv(b.input({1, 3, 6, 6}), 7)));
    const Graph after = rewritten(fuse_activations, b.finish({x}), 1);
    Graph again = after;
    EXPECT_EQ(fuse_activations(&again), 0);
  }
  {  // before the activation the value is read twice, or leaves
    GraphBuilder b(17);
    const ValueId x = b.conv(b.input({1, 3, 6, 6}), 7);
    const ValueId y = b.unary(Op::kRelu, x);
    rewritten(fuse_activations, b.finish({b.binary(Op::kAdd, x, y)}), 0);
    rewritten(fuse_activations, b.finish({y, x}), 0);
  }
  {  // a convolution with a residual adds it after its own activation: relu(conv + r) is not that
    GraphBuilder b(18);
    const ValueId x = b.input({1, 3, 6, 6});
    const ValueId sum = b.binary(Op::kAdd, x, b.conv(x, 3, square(3)));
    Graph graph = b.finish({b.unary(Op::kRelu, sum)});
    ASSERT_EQ(fuse_residuals(&graph), 1);
    rewritten(fuse_activations, graph, 0);
  }
}

TEST(FuseResiduals, BothOperandOrders) {
  for (const bool conv_first : {false, true}) {
    for (const bool with_bias : {false, true}) {
      GraphBuilder b(19);
      const ValueId x = b.conv(b.input({1, 3, 6, 6}), 5);
      ConvOptions o = square(3);
      o.bias = with_bias;
      const ValueId y = b.conv(x, 5, o);
      const ValueId sum = conv_first ? b.binary(Op::kAdd, y, x) : b.binary(Op::kAdd, x, y);
      const Graph after = rewritten(fuse_residuals, b.finish({b.conv(sum, 2)}), 1);
      EXPECT_EQ(count_of(after, Op::kAdd), 0);
    }
  }
}

TEST(FuseResiduals, OtherOperandMadeAfterTheConvolution) {
  for (const bool conv_first : {false, true}) {
    GraphBuilder b(20);
    const ValueId x = b.input({1, 3, 6, 6});
    const ValueId y = b.conv(x, 3, square(3));
    const ValueId late = b.unary(Op::kTanh, b.unary(Op::kNeg, x));
    const ValueId sum = conv_first ? b.binary(Op::kAdd, y, late) : b.binary(Op::kAdd, late, y);
    rewritten(fuse_residuals, b.finish({b.unary(Op::kRelu, sum)}), 1);
  }
}

TEST(FuseResiduals, OtherOperandComputedFromTheConvolutionIsLeft) {
  GraphBuilder b(21);
  const ValueId y = b.conv(b.input({1, 3, 6, 6}), 3, square(3));
  rewritten(fuse_residuals, b.finish({b.binary(Op::kAdd, y, b.unary(Op::kTanh, y))}), 0);
}

TEST(FuseResiduals, ActivationBeforeTheSumIsKept) {
  for (const Op op : kFused) {
    GraphBuilder b(22);
    const ValueId x = b.input({1, 3, 6, 6});
    Graph graph = b.finish({b.binary(Op::kAdd, x, activation(&b, op, b.conv(x, 3, square(3))))});
    ASSERT_EQ(fuse_activations(&graph), 1);
    rewritten(fuse_residuals, graph, 1);
  }
}

TEST(FuseResiduals, TwoConvolutionsMeetAndChainsOfSums) {
  {  // either may carry the sum, not both
    GraphBuilder b(23);
    const ValueId x = b.input({1, 3, 6, 6});
    rewritten(fuse_residuals, b.finish({b.binary(Op::kAdd, b.conv(x, 3), b.conv(x, 3))}), 1);
  }
  {  // the sum of a sum
    GraphBuilder b(24);
    const ValueId x = b.input({1, 3, 6, 6});
    const ValueId s = b.binary(Op::kAdd, b.conv(x, 3), x);
    const ValueId t = b.binary(Op::kAdd, s, b.conv(s, 3, square(3)));
    rewritten(fuse_residuals, b.finish({b.binary(Op::kAdd, t, x)}), 2);
  }
}

TEST(FuseResiduals, LeavesBroadcastsConstantsAndSharedValues) {
  {  // the other operand broadcasts
    GraphBuilder b(25);
    const ValueId x = b.input({1, 3, 6, 6});
    const ValueId mean = b.reduce(Op::kReduceMean, x, {2, 3}, true);
    rewritten(fuse_residuals, b.finish({b.binary(Op::kAdd, b.conv(x, 3), mean)}), 0);
    rewritten(fuse_residuals, b.finish({b.binary(Op::kAdd, b.conv(x, 3), b.conv(mean, 3))}), 0);
  }
  {  // a whole constant image
    GraphBuilder b(26);
    const ValueId x = b.conv(b.input({1, 3, 6, 6}), 3);
    rewritten(fuse_residuals, b.finish({b.binary(Op::kAdd, x, b.random_constant({1, 3, 6, 6}))}),
              0);
  }
  {  // the convolution is read elsewhere, leaves, or is added to itself
    GraphBuilder b(27);
    const ValueId x = b.input({1, 3, 6, 6});
    const ValueId y = b.conv(x, 3);
    const ValueId sum = b.binary(Op::kAdd, x, y);
    rewritten(fuse_residuals, b.finish({b.binary(Op::kMul, sum, y)}), 0);
    rewritten(fuse_residuals, b.finish({sum, y}), 0);
    rewritten(fuse_residuals, b.finish({b.binary(Op::kAdd, y, y)}), 0);
  }
}

// The four phases (dy, dx) of `x` in the given order. `hops`: one slice for both axes, or two.
ValueId focus(GraphBuilder* b, ValueId x, const Ints& order, bool two_hops, bool rows_first) {
  std::vector<ValueId> parts;
  const Shape in = b->shape(x);
  for (size_t g = 0; g < 4; ++g) {
    const int64_t dy = order[2 * g];
    const int64_t dx = order[2 * g + 1];
    if (!two_hops) {
      parts.push_back(
          b->slice(x, {0, 0, dy, dx}, {1, 1, 2, 2}, {in[0], in[1], in[2] / 2, in[3] / 2}));
      continue;
    }
    const size_t first = rows_first ? 2 : 3;
    const size_t second = rows_first ? 3 : 2;
    const ValueId half = b->slice_axis(x, first, first == 2 ? dy : dx, in[first] / 2, 2);
    parts.push_back(b->slice_axis(half, second, second == 2 ? dy : dx, in[second] / 2, 2));
  }
  return b->concat(parts, 1);
}

TEST(RecogniseFocus, AllOrdersInOneOrTwoSlices) {
  Ints phases = {0, 1, 2, 3};
  int orders = 0;
  do {
    Ints order;
    for (const int64_t phase : phases) order.insert(order.end(), {phase / 2, phase % 2});
    const bool two_hops = orders % 2 == 0;
    GraphBuilder b(28);
    const ValueId y = focus(&b, b.input({1, 3, 8, 6}), order, two_hops, orders % 4 < 2);
    const Graph after = rewritten(recognise_focus, b.finish({b.conv(y, 5, square(3))}), 1);
    EXPECT_EQ(count_of(after, Op::kFocus), 1);
    EXPECT_EQ(count_of(after, Op::kSlice), 0);
    ++orders;
  } while (std::next_permutation(phases.begin(), phases.end()));
  EXPECT_EQ(orders, 24);
}

TEST(RecogniseFocus, PhasesMayRepeat) {
  GraphBuilder b(29);
  const ValueId y = focus(&b, b.input({1, 3, 8, 6}), {0, 0, 0, 0, 1, 1, 1, 0}, false, true);
  rewritten(recognise_focus, b.finish({y}), 1);
}

int32_t recognise_and_fold_focus(Graph* graph) {
  return recognise_focus(graph) + fold_focus(graph);
}

TEST(FoldFocus, IntoConvolutionsOfAnyWindow) {
  const ConvOptions windows[] = {
      square(1),
      square(3),
      square(3, 2),
      {.kernel_h = 2, .kernel_w = 3, .strides = {2, 1}, .pads = {1, 0, 0, 2}, .bias = false}};
  for (const ConvOptions& window : windows) {
    for (const Ints& order : {Ints{0, 0, 1, 0, 0, 1, 1, 1}, Ints{1, 1, 0, 1, 1, 0, 0, 0},
                              Ints{0, 0, 0, 0, 1, 1, 1, 0}}) {
      GraphBuilder b(48);
      const ValueId y = focus(&b, b.input({1, 3, 12, 10}), order, false, true);
      const Graph before = b.finish({b.conv(b.conv(y, 5, window), 4)});
      const Graph after = rewritten(recognise_and_fold_focus, before, 2);
      EXPECT_EQ(count_of(after, Op::kFocus), 0);
      ASSERT_EQ(after.nodes.size(), 2U);
      // Plans take the window from the attribute, the reference from the weights.
      const Ints kernel = {2 * window.kernel_h, 2 * window.kernel_w};
      EXPECT_EQ(after.nodes[0].integers("kernel"), kernel);
      EXPECT_EQ(after.value(after.nodes[0].inputs[1]).shape, (Shape{5, 3, kernel[0], kernel[1]}));
    }
  }
}

TEST(FoldFocus, LeavesOtherReaders) {
  const Ints order = {0, 0, 1, 0, 0, 1, 1, 1};
  const auto check = [&order](const auto& readers) {
    GraphBuilder b(49);
    const ValueId y = focus(&b, b.input({1, 3, 12, 10}), order, false, true);
    const Graph after = rewritten(recognise_and_fold_focus, b.finish(readers(&b, y)), 1);
    EXPECT_EQ(count_of(after, Op::kFocus), 1);
  };
  using Values = std::vector<ValueId>;
  check([](GraphBuilder* b, ValueId y) { return Values{b->conv(y, 5), y}; });
  check([](GraphBuilder* b, ValueId y) { return Values{b->conv(y, 5), b->conv(y, 6)}; });
  check([](GraphBuilder* b, ValueId y) { return Values{b->conv(y, 12, square(3, 1, 12))}; });
  check([](GraphBuilder* b, ValueId y) {
    return Values{b->conv(y, 5, {.kernel_h = 2, .kernel_w = 2, .dilations = {2, 1}})};
  });
  check([](GraphBuilder* b, ValueId y) { return Values{b->unary(Op::kRelu, y)}; });
}

TEST(RecogniseFocus, LeavesOtherSlices) {
  {  // steps of 3
    GraphBuilder b(30);
    const ValueId x = b.input({1, 3, 6, 6});
    std::vector<ValueId> parts;
    for (const int64_t dy : {0, 1}) {
      for (const int64_t dx : {0, 1}) {
        parts.push_back(b.slice(x, {0, 0, dy, dx}, {1, 1, 3, 3}, {1, 3, 2, 2}));
      }
    }
    rewritten(recognise_focus, b.finish({b.concat(parts, 1)}), 0);
  }
  {  // two sources
    GraphBuilder b(31);
    const ValueId x = b.input({1, 3, 6, 6});
    const ValueId z = b.unary(Op::kTanh, x);
    std::vector<ValueId> parts;
    for (const int64_t phase : {0, 1, 2, 3}) {
      parts.push_back(
          b.slice(phase < 2 ? x : z, {0, 0, phase / 2, phase % 2}, {1, 1, 2, 2}, {1, 3, 3, 3}));
    }
    rewritten(recognise_focus, b.finish({b.concat(parts, 1)}), 0);
  }
  {  // joined along another axis, or three slices and something else
    GraphBuilder b(32);
    const ValueId x = b.input({1, 3, 6, 6});
    std::vector<ValueId> parts;
    for (const int64_t phase : {0, 1, 2, 3}) {
      parts.push_back(b.slice(x, {0, 0, phase / 2, phase % 2}, {1, 1, 2, 2}, {1, 3, 3, 3}));
    }
    rewritten(recognise_focus, b.finish({b.concat(parts, 2)}), 0);
    parts[3] = b.pool(Op::kMaxPool, x, {.kernel_h = 2, .kernel_w = 2, .strides = {2, 2}});
    rewritten(recognise_focus, b.finish({b.concat(parts, 1)}), 0);
  }
  {  // rows that stop before the end of the image
    GraphBuilder b(33);
    const ValueId x = b.input({1, 3, 8, 8});
    std::vector<ValueId> parts;
    for (const int64_t phase : {0, 1, 2, 3}) {
      parts.push_back(b.slice(x, {0, 0, phase / 2, phase % 2}, {1, 1, 2, 2}, {1, 3, 3, 4}));
    }
    rewritten(recognise_focus, b.finish({b.concat(parts, 1)}), 0);
  }
  {  // odd image: the phases of the second row and column are shorter, nothing to rewrite
    GraphBuilder b(34);
    const ValueId x = b.input({1, 3, 7, 7});
    std::vector<ValueId> parts;
    for (const int64_t phase : {0, 1, 2, 3}) {
      parts.push_back(b.slice(x, {0, 0, phase / 2, phase % 2}, {1, 1, 2, 2}, {1, 3, 3, 3}));
    }
    rewritten(recognise_focus, b.finish({b.concat(parts, 1)}), 0);
  }
  {  // a channel range first, of which Focus knows nothing
    GraphBuilder b(35);
    const ValueId x = b.input({1, 3, 8, 8});
    std::vector<ValueId> parts;
    for (const int64_t phase : {0, 1, 2, 3}) {
      parts.push_back(b.slice(x, {0, 1, phase / 2, phase % 2}, {1, 1, 2, 2}, {1, 2, 4, 4}));
    }
    rewritten(recognise_focus, b.finish({b.concat(parts, 1)}), 0);
  }
  {  // fewer channels from the first on: the same starts as a whole phase
    GraphBuilder b(36);
    const ValueId x = b.input({1, 3, 8, 8});
    std::vector<ValueId> parts;
    for (const int64_t phase : {0, 1, 2, 3}) {
      parts.push_back(b.slice(x, {0, 0, phase / 2, phase % 2}, {1, 1, 2, 2}, {1, 2, 4, 4}));
    }
    rewritten(recognise_focus, b.finish({b.concat(parts, 1)}), 0);
  }
}

ValueId shuffle(GraphBuilder* b, ValueId x, int64_t groups) {
  const Shape in = b->shape(x);
  const ValueId grouped = b->reshape(x, {1, groups, in[1] / groups, in[2], in[3]});
  return b->reshape(b->transpose(grouped, {0, 2, 1, 3, 4}), in);
}

TEST(RecogniseChannelMoves, ShuffleOfAnyGroups) {
  for (const int64_t groups : {1, 2, 3, 4, 6, 12}) {
    GraphBuilder b(37);
    const ValueId x = b.conv(b.input({1, 3, 4, 5}), 12);
    const Graph after =
        rewritten(recognise_channel_moves, b.finish({b.conv(shuffle(&b, x, groups), 3)}), 1);
    const bool in_order = groups == 1 || groups == 12;
    EXPECT_EQ(count_of(after, in_order ? Op::kSlice : Op::kGather), 1);
    EXPECT_EQ(count_of(after, Op::kTranspose), 0);
  }
}

TEST(RecogniseChannelMoves, LeavesOtherTransposes) {
  {  // another permutation
    GraphBuilder b(38);
    const ValueId x = b.input({1, 4, 4, 4});
    const ValueId y = b.transpose(b.reshape(x, {1, 2, 2, 4, 4}), {0, 2, 1, 4, 3});
    rewritten(recognise_channel_moves, b.finish({b.reshape(y, {1, 4, 4, 4})}), 0);
  }
  {  // grouped across channels and rows
    GraphBuilder b(39);
    const ValueId x = b.input({1, 4, 4, 4});
    const ValueId y = b.transpose(b.reshape(x, {1, 2, 4, 2, 4}), {0, 2, 1, 3, 4});
    rewritten(recognise_channel_moves, b.finish({b.reshape(y, {1, 4, 4, 4})}), 0);
  }
  {  // another shape at the end
    GraphBuilder b(40);
    const ValueId x = b.input({1, 4, 4, 6});
    const ValueId y = b.transpose(b.reshape(x, {1, 2, 2, 4, 6}), {0, 2, 1, 3, 4});
    rewritten(recognise_channel_moves, b.finish({b.reshape(y, {1, 4, 6, 4})}), 0);
  }
}

TEST(RecogniseChannelMoves, KeepsWhatLeavesTheGraph) {
  GraphBuilder b(41);
  const ValueId x = b.input({1, 4, 4, 6});
  const ValueId mid = b.transpose(b.reshape(x, {1, 2, 2, 4, 6}), {0, 2, 1, 3, 4});
  const Graph before = b.finish({b.reshape(mid, {1, 4, 4, 6}), mid});
  Graph after = before;
  EXPECT_EQ(recognise_channel_moves(&after), 1);
  EXPECT_EQ(count_of(after, Op::kGather), 1);
  EXPECT_EQ(count_of(after, Op::kTranspose), 1);
  expect_equivalent(before, after);
}

// A random block behind `x`: the patterns above and near misses, with values read again later.
ValueId random_block(GraphBuilder* b, ValueId x, const std::vector<ValueId>& earlier) {
  const Shape in = b->shape(x);
  switch (b->pick(0, 9)) {
    case 0:
      return b->silu(b->batch_norm(b->conv(x, in[1], square(3))));
    case 1:
      return b->binary(Op::kAdd, x, b->silu(b->conv(x, in[1], square(3, 1, in[1]))));
    case 2: {
      const ValueId y = b->conv(x, in[1]);
      return b->binary(Op::kAdd, b->unary(Op::kRelu, y), y);
    }
    case 3:
      return b->binary(Op::kSub, b->scalar(0.5F), b->conv(x, in[1]));
    case 4:
      return shuffle(b, x, 2);
    case 5:
      return b->conv(focus(b, x, {0, 0, 1, 0, 0, 1, 1, 1}, b->coin(), b->coin()), in[1],
                     {.kernel_h = 1, .kernel_w = 1});
    case 6: {
      const std::vector<ValueId> halves = b->split(x, 1, {in[1] / 2, in[1] / 2});
      return b->concat({b->unary(Op::kTanh, halves[1]), b->conv(halves[0], in[1] / 2)}, 1);
    }
    case 7:
      return activation(b, kFused[b->pick(0, 8)], b->batch_norm(b->conv(x, in[1])));
    case 8: {
      const ValueId y = b->conv(x, in[1], square(3));
      for (const ValueId other : earlier) {
        if (b->shape(other) == in && b->coin()) return b->binary(Op::kAdd, y, other);
      }
      return b->binary(Op::kMul, b->random_constant({1, in[1], 1, 1}), y);
    }
    default:
      return b->pool(Op::kMaxPool, x, square(3));
  }
}

TEST(Optimise, RandomComposites) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    GraphBuilder b(100 + seed);
    std::vector<ValueId> values = {b.conv(b.input({1, 3, 16, 16}), 4)};
    for (int i = 0; i < 6; ++i) {
      const Shape& shape = b.shape(values.back());
      if (shape[2] % 2 != 0 || shape[2] < 4) break;
      values.push_back(random_block(&b, values.back(), values));
    }
    std::vector<ValueId> outputs = {values.back()};
    if (b.coin()) outputs.push_back(values[values.size() / 2]);
    if (outputs.size() == 2 && outputs[0] == outputs[1]) outputs.pop_back();
    const Graph before = b.finish(outputs);
    Graph after = before;
    optimise(&after);
    expect_equivalent(before, after);
    EXPECT_EQ(count_of(after, Op::kBatchNormalization), 0);
  }
}

TEST(Optimise, WholeBlockBecomesOneConvolution) {
  GraphBuilder b(42);
  const ValueId x = b.input({1, 3, 8, 8});
  const ValueId y = b.silu(b.batch_norm(b.conv(x, 3, square(3))));
  const Graph before = b.finish({b.binary(Op::kAdd, x, y)});
  Graph after = before;
  optimise(&after);
  expect_equivalent(before, after);
  EXPECT_EQ(after.nodes.size(), 1U);
}

}  // namespace
}  // namespace pawl::engine
