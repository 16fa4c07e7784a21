// Proves that attention becomes one Attention node in every spelling that means it (random ones by
// the hundred, computed before and after), and that none of what only looks like it does.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/passes/passes.h"
#include "tests/engine/attention_block.h"
#include "tests/engine/passes/equivalence.h"

namespace pawl::engine {
namespace {

using test::AttentionBlock;
using test::AttentionExtents;
using test::count_of;
using test::expect_equivalent;
using test::Flaw;
using test::GraphBuilder;
using test::square;

AttentionExtents random_extents(GraphBuilder* b) {
  static constexpr int64_t kAreas[] = {1, 1, 2, 3, 4};
  return {b->pick(1, 3), kAreas[b->pick(0, 4)], b->pick(1, 5), b->pick(1, 6)};
}

// 12 rows: as many areas as asked for.
ValueId image_of(GraphBuilder* b) {
  return b->conv(b->input({1, 3, 12, b->pick(1, 5)}), 6, square(3));
}

TEST(RecogniseAttention, AnySpelling) {
  for (uint64_t seed = 0; seed < 400; ++seed) {
    GraphBuilder b(seed);
    const ValueId x = image_of(&b);
    const AttentionExtents extents = random_extents(&b);
    SCOPED_TRACE("seed " + std::to_string(seed) + " heads " + std::to_string(extents.heads) +
                 " areas " + std::to_string(extents.areas));
    AttentionBlock block(&b, extents);
    const Graph before = b.finish({b.conv(block.make(x), 4)});
    Graph after = before;
    ASSERT_EQ(recognise_attention(&after), 1);
    EXPECT_EQ(count_of(after, Op::kAttention), 1);
    for (const Op op : {Op::kSoftmax, Op::kMatMul, Op::kReshape, Op::kTranspose}) {
      EXPECT_EQ(count_of(after, op), 0) << op_name(op);
    }
    expect_equivalent(before, after);
    if (HasFailure()) return;
  }
}

// Whatever a fused step does not compute stays as it was written.
TEST(RecogniseAttention, LookAlikesKeepTheirMeaning) {
  for (const Flaw flaw : test::kFlaws) {
    for (uint64_t seed = 0; seed < 30; ++seed) {
      SCOPED_TRACE("flaw " + std::to_string(static_cast<int>(flaw)) + " seed " +
                   std::to_string(seed));
      GraphBuilder b(1000 + seed);
      const ValueId x = b.conv(b.input({1, 3, 12, 5}), 6, square(3));
      const bool of_areas = flaw == Flaw::kColumns || flaw == Flaw::kWrongPixels;
      const int64_t areas = of_areas || b.coin() ? 2 : 1;
      AttentionBlock block(&b, {3, areas, b.pick(2, 5), b.pick(2, 6)}, flaw);
      std::vector<ValueId> outputs = {b.conv(block.make(x), 4)};
      if (block.also() != kNoValue) outputs.push_back(block.also());
      const Graph before = b.finish(outputs);
      Graph after = before;
      EXPECT_EQ(recognise_attention(&after), 0);
      expect_equivalent(before, after);
      if (HasFailure()) return;
    }
  }
}

// The image of the values, which YOLO11 and YOLO12 convolve: channels of the convolution before.
TEST(RecogniseAttention, ValuesAsImage) {
  for (const int64_t areas : {1, 4}) {
    for (const bool channels_last : {false, true}) {
      GraphBuilder b(7);
      const ValueId x = b.conv(b.input({1, 3, 8, 5}), 6, square(3));
      AttentionBlock block(&b, {2, areas, 3, 4});
      const ValueId y = block.make(x);
      ValueId v = block.values();
      if (block.heads_first()) v = b.transpose(v, {1, 0, 2, 3});
      if (channels_last) {
        v = b.reshape(b.transpose(v, {0, 3, 1, 2}), {1, 8, 5, 8});
        v = b.transpose(v, {0, 3, 1, 2});
      } else {
        v = b.reshape(b.transpose(v, {1, 2, 0, 3}), {1, 8, 8, 5});
      }
      const ValueId positions = b.conv(v, 8, square(3, 1, 8));
      const Graph before = b.finish({b.conv(b.binary(Op::kAdd, y, positions), 4)});
      Graph after = before;
      optimise(&after);
      EXPECT_EQ(count_of(after, Op::kAttention), 1);
      for (const Op op : {Op::kSoftmax, Op::kMatMul, Op::kReshape, Op::kTranspose}) {
        EXPECT_EQ(count_of(after, op), 0) << op_name(op);
      }
      expect_equivalent(before, after);
    }
  }
}

TEST(RecogniseAttention, OneAfterTheOther) {
  GraphBuilder b(11);
  ValueId x = b.conv(b.input({1, 3, 4, 3}), 6, square(3));
  for (int i = 0; i < 5; ++i) {
    AttentionBlock block(&b, {2, i % 2 == 0 ? 1 : 2, 2, 3});
    x = b.binary(Op::kAdd, x, b.conv(block.make(x), 6));
  }
  const Graph before = b.finish({x});
  Graph after = before;
  EXPECT_EQ(recognise_attention(&after), 5);
  expect_equivalent(before, after);
}

// Weights that leave the graph, keys of another image, tokens that are channels.
TEST(RecogniseAttention, LeavesWhatIsNotAmongPixelsOfOneSize) {
  const auto attend = [](GraphBuilder* b, ValueId q, ValueId k, ValueId v) {
    const ValueId scores = b->node(Op::kMatMul, {b->transpose(q, {0, 2, 1}), k});
    return b->node(Op::kMatMul, {v, b->transpose(b->softmax(scores, 2), {0, 2, 1})});
  };
  {  // keys and values of a smaller map
    GraphBuilder b(12);
    const ValueId x = b.conv(b.input({1, 3, 4, 6}), 5);
    const ValueId small = b.conv(x, 5, square(3, 2));
    const ValueId q = b.reshape(b.conv(x, 5), {1, 5, 24});
    const ValueId k = b.reshape(small, {1, 5, 6});
    const ValueId y = attend(&b, q, k, k);
    Graph graph = b.finish({b.reshape(y, {1, 5, 4, 6})});
    EXPECT_EQ(recognise_attention(&graph), 0);
  }
  {  // the same number of pixels in another shape
    GraphBuilder b(13);
    const ValueId x = b.conv(b.input({1, 3, 4, 6}), 5);
    const ValueId other = b.reshape(b.conv(x, 5), {1, 5, 6, 4});
    const ValueId turned = b.conv(b.conv(other, 5, square(3)), 5);
    const ValueId q = b.reshape(b.conv(x, 5), {1, 5, 24});
    const ValueId k = b.reshape(turned, {1, 5, 24});
    Graph graph = b.finish({b.reshape(attend(&b, q, k, k), {1, 5, 4, 6})});
    EXPECT_EQ(recognise_attention(&graph), 0);
  }
  {  // attention among channels
    GraphBuilder b(14);
    const ValueId x = b.conv(b.input({1, 3, 3, 2}), 6);
    const ValueId t = b.transpose(b.reshape(x, {1, 6, 6}), {0, 2, 1});
    const ValueId y = attend(&b, t, t, t);
    Graph graph = b.finish({b.reshape(b.transpose(y, {0, 2, 1}), {1, 6, 3, 2})});
    EXPECT_EQ(recognise_attention(&graph), 0);
  }
  {  // the weights are an output too
    GraphBuilder b(15);
    const ValueId x = b.conv(b.input({1, 3, 4, 6}), 5);
    const ValueId t = b.reshape(x, {1, 5, 24});
    const ValueId weights = b.softmax(b.node(Op::kMatMul, {b.transpose(t, {0, 2, 1}), t}), 2);
    const ValueId y = b.node(Op::kMatMul, {t, b.transpose(weights, {0, 2, 1})});
    Graph graph = b.finish({b.reshape(y, {1, 5, 4, 6}), weights});
    EXPECT_EQ(recognise_attention(&graph), 0);
  }
}

}  // namespace
}  // namespace pawl::engine
