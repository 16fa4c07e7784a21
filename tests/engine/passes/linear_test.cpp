// Proves that passes do work in proportion to the graph: of four times the nodes, optimise() asks
// for at most about four times the memory blocks (counted, so that no clock decides), whichever
// rewrite the nodes are for, and folds every one.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>

#include "engine/passes/passes.h"
#include "tests/engine/attention_block.h"
#include "tests/engine/detect/allocation_count.h"
#include "tests/engine/graph_builder.h"

namespace pawl::engine {
namespace {

using test::GraphBuilder;
using test::Ints;
using test::square;

// One more pattern behind `x`, an image (1, 4, 4, 4).
using Pattern = std::function<ValueId(GraphBuilder*, ValueId x)>;

const std::pair<const char*, Pattern> kPatterns[] = {
    {"factors behind one convolution",
     [](GraphBuilder* b, ValueId x) { return b->binary(Op::kMul, x, b->scalar(0.99F)); }},
    {"a factor behind every convolution",
     [](GraphBuilder* b, ValueId x) {
       return b->binary(Op::kMul, b->conv(x, 4), b->scalar(0.99F));
     }},
    {"residuals", [](GraphBuilder* b, ValueId x) { return b->binary(Op::kAdd, x, b->conv(x, 4)); }},
    {"norms that stay",
     [](GraphBuilder* b, ValueId x) { return b->batch_norm(b->unary(Op::kTanh, x)); }},
    {"activations", [](GraphBuilder* b, ValueId x) { return b->silu(b->conv(x, 4)); }},
    {"shuffles",
     [](GraphBuilder* b, ValueId x) {
       const ValueId y = b->transpose(b->reshape(x, {1, 2, 2, 4, 4}), {0, 2, 1, 3, 4});
       return b->unary(Op::kTanh, b->reshape(y, {1, 4, 4, 4}));
     }},
    {"one long rearrangement",
     [](GraphBuilder* b, ValueId x) {
       return b->reshape(b->reshape(x, {4, 16}), {1, 4, 4, 4});
     }},
    {"attention",
     [](GraphBuilder* b, ValueId x) {
       test::AttentionBlock block(b, {1, 2, 2, 4});
       return block.make(x);
     }},
};

int64_t blocks_of(const Pattern& pattern, int count, size_t* nodes) {
  GraphBuilder b(1);
  ValueId x = b.conv(b.input({1, 4, 4, 4}), 4, square(3));
  for (int i = 0; i < count; ++i) x = pattern(&b, x);
  Graph graph = b.finish({b.unary(Op::kExp, x)});
  const int64_t before = test::allocation_count();
  optimise(&graph);
  const int64_t blocks = test::allocation_count() - before;
  *nodes = graph.nodes.size();
  return blocks;
}

TEST(Passes, WorkGrowsWithTheGraph) {
  for (const auto& [name, pattern] : kPatterns) {
    SCOPED_TRACE(name);
    size_t nodes = 0;
    size_t more_nodes = 0;
    const int64_t blocks = blocks_of(pattern, 100, &nodes);
    const int64_t more = blocks_of(pattern, 400, &more_nodes);
    EXPECT_LE(more, 5 * blocks);
    EXPECT_LE(more_nodes, 5 * nodes);
  }
}

// A size that any step back to the start of the graph would make a matter of minutes.
TEST(Passes, SixteenThousandFactors) {
  size_t nodes = 0;
  blocks_of(kPatterns[0].second, 16000, &nodes);
  EXPECT_EQ(nodes, 2U);
  blocks_of(kPatterns[2].second, 8000, &nodes);
  EXPECT_EQ(nodes, 8002U);
}

}  // namespace
}  // namespace pawl::engine
