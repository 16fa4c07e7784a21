// Proves where assign_views puts values: split and chained concats (C2f, PAN) in place, copies only
// where a value cannot be in two places. What the plans compute is proved by compile/graphs_test.
#include "engine/plan/views.h"

#include <gtest/gtest.h>

#include "engine/plan/lower.h"
#include "tests/engine/graph_builder.h"

namespace pawl::engine {
namespace {

using test::GraphBuilder;
using test::square;

struct Assigned {
  std::vector<ValueView> views;
  int32_t elided = 0;

  explicit Assigned(const Graph& graph) { views = assign_views(graph, 1, &elided); }
  const ValueView& of(ValueId id) const { return views[static_cast<size_t>(id)]; }
};

void expect_at(const Assigned& assigned, ValueId value, ValueId root, int64_t channel) {
  EXPECT_TRUE(assigned.of(value).nhwc);
  EXPECT_EQ(assigned.of(value).root, root);
  EXPECT_EQ(assigned.of(value).channel, channel);
}

int32_t copies_of(const Graph& graph) {
  const Result<Lowered> lowered = lower(graph, portable_target());
  EXPECT_TRUE(lowered.ok()) << lowered.error().message;
  return lowered.ok() ? lowered.value().copies : -1;
}

TEST(Views, C2fMovesNothing) {
  GraphBuilder b(1);
  const ValueId stem = b.conv(b.input({1, 3, 8, 8}), 8);
  const std::vector<ValueId> halves = b.split(stem, 1, {4, 4});
  const ValueId one = b.conv(halves[1], 4, square(3));
  const ValueId two = b.conv(one, 4, square(3));
  const ValueId whole = b.concat({halves[0], halves[1], one, two}, 1);
  const Graph graph = b.finish({b.conv(whole, 5)});
  const Assigned assigned(graph);
  expect_at(assigned, stem, whole, 0);
  expect_at(assigned, halves[0], whole, 0);
  expect_at(assigned, halves[1], whole, 4);
  expect_at(assigned, one, whole, 8);
  expect_at(assigned, two, whole, 12);
  EXPECT_EQ(assigned.elided, 4);
  EXPECT_EQ(copies_of(graph), 0);
}

TEST(Views, HalvesInTheOtherOrderAreCopied) {
  GraphBuilder b(2);
  const ValueId stem = b.conv(b.input({1, 3, 8, 8}), 8);
  const std::vector<ValueId> halves = b.split(stem, 1, {4, 4});
  const ValueId whole = b.concat({halves[1], halves[0]}, 1);
  const Graph graph = b.finish({b.conv(whole, 5)});
  const Assigned assigned(graph);
  expect_at(assigned, halves[1], stem, 4);
  EXPECT_EQ(assigned.elided, 0);
  EXPECT_EQ(copies_of(graph), 2);
}

TEST(Views, PartOfASplitIsNotEnough) {
  GraphBuilder b(3);
  const ValueId stem = b.conv(b.input({1, 3, 8, 8}), 8);
  const std::vector<ValueId> halves = b.split(stem, 1, {4, 4});
  const ValueId other = b.conv(halves[0], 4);
  const ValueId whole = b.concat({halves[1], other}, 1);
  const Graph graph = b.finish({b.conv(whole, 5)});
  const Assigned assigned(graph);
  expect_at(assigned, halves[1], stem, 4);
  expect_at(assigned, other, whole, 4);
  EXPECT_EQ(copies_of(graph), 1);
}

// The neck of a detector joins each backbone map twice with something else: one copy each.
TEST(Views, ValueOfTwoConcatsIsCopiedIntoTheSecond) {
  GraphBuilder b(4);
  const ValueId x = b.conv(b.input({1, 3, 8, 8}), 4);
  const ValueId y = b.conv(x, 5);
  const ValueId z = b.conv(x, 6);
  const ValueId first = b.concat({y, x}, 1);
  const ValueId second = b.concat({z, x}, 1);
  const Graph graph = b.finish({b.conv(first, 5), b.conv(second, 5)});
  const Assigned assigned(graph);
  expect_at(assigned, x, first, 5);
  expect_at(assigned, y, first, 0);
  expect_at(assigned, z, second, 0);
  EXPECT_EQ(assigned.elided, 3);
  EXPECT_EQ(copies_of(graph), 1);
}

TEST(Views, SameValueTwiceInAConcat) {
  GraphBuilder b(5);
  const ValueId x = b.conv(b.input({1, 3, 8, 8}), 4);
  const ValueId whole = b.concat({x, x}, 1);
  const Graph graph = b.finish({b.conv(whole, 5)});
  const Assigned assigned(graph);
  expect_at(assigned, x, whole, 0);
  EXPECT_EQ(assigned.elided, 1);
  EXPECT_EQ(copies_of(graph), 1);
}

TEST(Views, ConcatOfConcatIsOneBuffer) {
  GraphBuilder b(6);
  const ValueId x = b.conv(b.input({1, 3, 8, 8}), 4);
  const ValueId y = b.conv(x, 5);
  const ValueId inner = b.concat({x, y}, 1);
  const ValueId z = b.conv(inner, 3);
  const ValueId outer = b.concat({z, inner}, 1);
  const Graph graph = b.finish({b.conv(outer, 5)});
  const Assigned assigned(graph);
  expect_at(assigned, x, outer, 3);
  expect_at(assigned, y, outer, 7);
  expect_at(assigned, inner, outer, 3);
  EXPECT_EQ(copies_of(graph), 0);
}

TEST(Views, SplitOfAConcatReadsItInPlace) {
  GraphBuilder b(7);
  const ValueId x = b.conv(b.input({1, 3, 8, 8}), 4);
  const ValueId whole = b.concat({x, b.conv(x, 5)}, 1);
  const std::vector<ValueId> parts = b.split(whole, 1, {2, 7});  // across the border of the two
  const Graph graph = b.finish({b.conv(parts[0], 2), b.conv(parts[1], 2)});
  const Assigned assigned(graph);
  expect_at(assigned, parts[1], whole, 2);
  EXPECT_EQ(copies_of(graph), 0);
}

TEST(Views, GraphInputInAConcatIsCopied) {
  GraphBuilder b(8);
  const ValueId in = b.input({1, 3, 8, 8});
  const ValueId whole = b.concat({in, b.conv(in, 5)}, 1);
  const Graph graph = b.finish({b.conv(whole, 5)});
  const Assigned assigned(graph);
  expect_at(assigned, in, in, 0);
  EXPECT_EQ(assigned.elided, 1);
  EXPECT_EQ(copies_of(graph), 1);
}

TEST(Views, GraphOutputsMayLieInAConcat) {
  GraphBuilder b(9);
  const ValueId x = b.conv(b.input({1, 3, 8, 8}), 4);
  const ValueId y = b.conv(x, 5);
  const ValueId whole = b.concat({x, y}, 1);
  const Graph graph = b.finish({x, whole, y});
  const Result<Lowered> lowered = lower(graph, portable_target());
  ASSERT_TRUE(lowered.ok());
  EXPECT_EQ(lowered.value().copies, 0);
  for (const int32_t tensor : lowered.value().output) {
    EXPECT_EQ(lowered.value().plan.tensors[static_cast<size_t>(tensor)].pixel_stride, 9);
  }
}

TEST(Views, OnlyWholeChannelRangesAreViews) {
  GraphBuilder b(10);
  const ValueId x = b.conv(b.input({1, 3, 8, 8}), 6);
  const ValueId range = b.slice_axis(x, 1, 2, 3);
  const ValueId strided = b.slice_axis(x, 1, 0, 3, 2);
  const ValueId rows = b.slice_axis(x, 2, 1, 6);
  const std::vector<ValueId> columns = b.split(x, 3, {3, 5});
  const Assigned assigned(
      b.finish({b.conv(range, 2), b.conv(strided, 2), b.conv(rows, 2), b.conv(columns[1], 2)}));
  expect_at(assigned, range, x, 2);
  for (const ValueId copied : {strided, rows, columns[0], columns[1]}) {
    expect_at(assigned, copied, copied, 0);
  }
}

TEST(Views, OtherAxesAreNotPlaced) {
  GraphBuilder b(11);
  const ValueId x = b.conv(b.input({1, 3, 8, 8}), 4);
  const ValueId y = b.conv(x, 4);
  const ValueId tall = b.concat({x, y}, 2);
  const Assigned assigned(b.finish({tall}));
  expect_at(assigned, x, x, 0);
  EXPECT_EQ(assigned.elided, 0);
}

}  // namespace
}  // namespace pawl::engine
