// Proves that Pad is folded into the convolution or pool behind it exactly where that means the
// same, by the reference executor before and after, and that it stays where it does not.
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "engine/passes/passes.h"
#include "tests/engine/passes/equivalence.h"

namespace pawl::engine {
namespace {

using test::Attributes;
using test::ConvOptions;
using test::count_of;
using test::expect_equivalent;
using test::GraphBuilder;
using test::Ints;
using test::square;

constexpr float kLowest = std::numeric_limits<float>::lowest();

ValueId pad(GraphBuilder* b, ValueId x, const Ints& pads, float value = 0.0F,
            const std::string& mode = "constant") {
  return b->node(Op::kPad, {x}, Attributes{{"pads", pads}, {"mode", mode}, {"value", value}});
}

Ints spatial(int64_t top, int64_t left, int64_t bottom, int64_t right) {
  return {0, 0, top, left, 0, 0, bottom, right};
}

// A signed image, and one that is nowhere negative.
ValueId signed_image(GraphBuilder* b) {
  return b->conv(b->input({1, 3, 9, 11}), 4, square(3));
}
ValueId positive_image(GraphBuilder* b) {
  return b->unary(Op::kRelu, signed_image(b));
}

// Folds `folded` Pads and leaves `left`, whatever is behind computes the same.
void expect_folds(Graph before, int32_t folded, int64_t left) {
  Graph after = before;
  EXPECT_EQ(fold_padding(&after), folded);
  EXPECT_EQ(count_of(after, Op::kPad), left);
  expect_equivalent(before, after);
}

TEST(FoldPadding, ZerosGoIntoConvolutions) {
  for (const Ints& pads : {spatial(1, 1, 1, 1), spatial(0, 2, 3, 0), spatial(5, 0, 0, 4)}) {
    for (const ConvOptions& window : {square(3), square(1), square(3, 2, 4), square(5, 2)}) {
      GraphBuilder b(7);
      const ValueId y = b.conv(pad(&b, signed_image(&b), pads), 8, window);
      expect_folds(b.finish({y}), 1, 0);
    }
  }
}

TEST(FoldPadding, EveryReaderTakesItsOwn) {
  GraphBuilder b(8);
  const ValueId padded = pad(&b, signed_image(&b), spatial(0, 1, 1, 0));
  const ValueId first = b.conv(padded, 5, square(3));
  const ValueId second = b.conv(padded, 5, square(3));
  expect_folds(b.finish({first, second}), 2, 0);
}

TEST(FoldPadding, ChainsFoldFromTheirEnd) {
  GraphBuilder b(9);
  const ValueId twice =
      pad(&b, pad(&b, signed_image(&b), spatial(1, 0, 0, 2)), spatial(0, 1, 1, 1));
  expect_folds(b.finish({b.conv(twice, 5, square(3, 2))}), 2, 0);
}

TEST(FoldPadding, StaysForReadersThatCannot) {
  GraphBuilder b(10);
  const ValueId padded = pad(&b, signed_image(&b), spatial(1, 1, 1, 1));
  const ValueId folded = b.conv(padded, 5, square(3));
  expect_folds(b.finish({folded, b.unary(Op::kSigmoid, padded)}), 1, 1);
}

TEST(FoldPadding, OtherNumbersModesAndAxesStay) {
  const std::vector<std::pair<Ints, std::pair<float, std::string>>> cases = {
      {spatial(1, 1, 1, 1), {0.5F, "constant"}},      {spatial(1, 1, 1, 1), {0.0F, "edge"}},
      {spatial(1, 2, 1, 0), {0.0F, "reflect"}},       {spatial(1, 2, 1, 0), {0.0F, "wrap"}},
      {{0, 1, 0, 0, 0, 1, 0, 0}, {0.0F, "constant"}},
  };
  for (const auto& [pads, how] : cases) {
    GraphBuilder b(11);
    const ValueId y = b.conv(pad(&b, signed_image(&b), pads, how.first, how.second), 5, square(3));
    expect_folds(b.finish({y}), 0, 1);
  }
}

TEST(FoldPadding, AsAResidualItStays) {
  GraphBuilder b(12);
  const ValueId padded = pad(&b, b.input({1, 4, 8, 8}), spatial(1, 1, 1, 1));
  Graph graph = b.finish({b.binary(Op::kAdd, padded, b.conv(padded, 4, square(3)))});
  fuse_residuals(&graph);
  expect_folds(graph, 0, 1);
}

TEST(FoldPadding, MaximaTakeWhatNoneOfThemIs) {
  const ConvOptions window = {.kernel_h = 3, .kernel_w = 2, .strides = {2, 1}};
  for (const float lowest : {kLowest, -std::numeric_limits<float>::infinity()}) {
    GraphBuilder b(13);
    const ValueId padded = pad(&b, signed_image(&b), spatial(1, 1, 2, 0), lowest);
    expect_folds(b.finish({b.pool(Op::kMaxPool, padded, window)}), 1, 0);
  }
  for (const bool negative : {false, true}) {
    GraphBuilder b(14);
    const ValueId x = negative ? signed_image(&b) : positive_image(&b);
    const ValueId padded = pad(&b, x, spatial(1, 1, 2, 0));
    expect_folds(b.finish({b.pool(Op::kMaxPool, padded, window)}), negative ? 0 : 1,
                 negative ? 1 : 0);
  }
}

TEST(FoldPadding, MaximaOfNothingButPaddingStay) {
  GraphBuilder b(15);
  const ValueId padded = pad(&b, positive_image(&b), spatial(2, 0, 0, 0));
  const ConvOptions window = {.kernel_h = 2, .kernel_w = 2};
  expect_folds(b.finish({b.pool(Op::kMaxPool, padded, window)}), 0, 1);
}

TEST(FoldPadding, ThroughWhatKeepsTheRange) {
  GraphBuilder b(16);
  const ValueId pooled = b.pool(Op::kMaxPool, positive_image(&b), square(3));
  const ValueId padded = pad(&b, pooled, spatial(0, 0, 1, 1));
  const ConvOptions window = {.kernel_h = 2, .kernel_w = 2};
  expect_folds(b.finish({b.pool(Op::kMaxPool, padded, window)}), 1, 0);
}

TEST(FoldPadding, MeansCountWhatPadWrote) {
  for (const bool counts : {false, true}) {
    for (const bool own : {false, true}) {
      GraphBuilder b(17);
      const ValueId padded = pad(&b, signed_image(&b), spatial(1, 0, 1, 1));
      const ConvOptions window = own ? square(3, 2) : ConvOptions{.kernel_h = 3, .kernel_w = 3};
      const bool folds = counts || !own;
      expect_folds(b.finish({b.pool(Op::kAveragePool, padded, window, counts)}), folds ? 1 : 0,
                   folds ? 0 : 1);
    }
  }
}

TEST(FoldPadding, RandomGraphsKeepTheirValues) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    GraphBuilder b(seed);
    ValueId x = b.coin() ? positive_image(&b) : signed_image(&b);
    std::vector<ValueId> outputs;
    for (int i = 0; i < 4; ++i) {
      const float values[] = {0.0F, kLowest, -1.0F, 0.25F};
      const ValueId padded =
          pad(&b, x, spatial(b.pick(0, 2), b.pick(0, 2), b.pick(0, 2), b.pick(0, 2)),
              values[b.pick(0, 2) == 0 ? b.pick(0, 3) : 0]);
      const ConvOptions window = {.kernel_h = b.pick(1, std::min<int64_t>(3, b.shape(padded)[2])),
                                  .kernel_w = b.pick(1, std::min<int64_t>(3, b.shape(padded)[3])),
                                  .strides = {b.pick(1, 2), b.pick(1, 2)}};
      switch (b.pick(0, 3)) {
        case 0:
          x = b.pool(Op::kMaxPool, padded, window);
          break;
        case 1:
          x = b.pool(Op::kAveragePool, padded, window, b.coin());
          break;
        case 2:
          x = b.conv(padded, 4, window);
          break;
        default:
          x = b.unary(Op::kRelu, b.conv(padded, 4, window));
          break;
      }
      if (b.coin()) outputs.push_back(x);
    }
    outputs.push_back(x);
    const Graph before = b.finish(outputs);
    Graph after = before;
    fold_padding(&after);
    expect_equivalent(before, after);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace pawl::engine
