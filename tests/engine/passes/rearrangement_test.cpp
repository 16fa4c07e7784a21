// Proves that the steps of a rearrangement name the elements that the operators move: random
// chains, run by the reference executor on an input whose elements are their own numbers.
#include "engine/passes/rearrangement.h"

#include <gtest/gtest.h>

#include <numeric>
#include <string>

#include "engine/reference/reference.h"
#include "tests/engine/graph_builder.h"

namespace pawl::engine {
namespace {

using test::GraphBuilder;
using test::Ints;

// The elements of the source in the order of the rearranged value.
std::vector<int64_t> elements(const Rearrangement& moved) {
  std::vector<int64_t> at = {moved.start};
  for (const Steps& axis : moved.axes) {
    for (const Step& step : axis) {
      std::vector<int64_t> next;
      for (const int64_t from : at) {
        for (int64_t i = 0; i < step.extent; ++i) next.push_back(from + i * step.stride);
      }
      at = std::move(next);
    }
  }
  return at;
}

Shape random_factors(GraphBuilder* b, int64_t count) {
  Shape shape;
  for (int64_t divisor = 2; count > 1;) {
    if (count % divisor == 0 && b->coin()) {
      shape.push_back(divisor);
      count /= divisor;
    } else if (divisor < count) {
      ++divisor;
    } else {
      shape.push_back(count);
      count = 1;
    }
  }
  while (shape.size() > 5) {
    shape[shape.size() - 2] *= shape.back();
    shape.pop_back();
  }
  if (b->coin()) shape.insert(shape.begin() + b->pick(0, static_cast<int64_t>(shape.size())), 1);
  return shape;
}

ValueId random_move(GraphBuilder* b, ValueId x) {
  const Shape in = b->shape(x);
  const auto rank = static_cast<int64_t>(in.size());
  switch (b->pick(0, 5)) {
    case 0:
    case 1:
      return b->reshape(x, random_factors(b, element_count(in)));
    case 2: {
      Ints perm(in.size());
      std::iota(perm.begin(), perm.end(), 0);
      std::shuffle(perm.begin(), perm.end(), b->random());
      return b->transpose(x, perm);
    }
    case 3: {
      if (rank == 0) return x;
      const auto axis = static_cast<size_t>(b->pick(0, rank - 1));
      const int64_t count = b->pick(1, in[axis]);
      const int64_t start = b->pick(0, in[axis] - count);
      const bool backwards = b->pick(0, 3) == 0;
      const int64_t step = count > 1 && (count - 1) * 2 + start < in[axis] && b->coin() ? 2 : 1;
      return backwards ? b->slice_axis(x, axis, start + count - 1, count, -1)
                       : b->slice_axis(x, axis, start, count, step);
    }
    case 4: {
      if (rank == 0) return x;
      const int64_t axis = b->pick(0, rank - 1);
      const int64_t extent = in[static_cast<size_t>(axis)];
      if (b->coin()) return b->gather(x, b->indices({}, {b->pick(-extent, extent - 1)}), axis);
      const int64_t first = b->pick(0, extent - 1);
      Ints index(static_cast<size_t>(b->pick(1, extent - first)));
      std::iota(index.begin(), index.end(), first);
      return b->gather(x, b->indices({static_cast<int64_t>(index.size())}, index), axis);
    }
    default: {
      if (rank == 0) return x;
      const auto axis = static_cast<size_t>(b->pick(0, rank - 1));
      if (in[axis] < 2) return x;
      const int64_t first = b->pick(1, in[axis] - 1);
      const auto parts = b->split(x, static_cast<int64_t>(axis), {first, in[axis] - first});
      return parts[static_cast<size_t>(b->pick(0, 1))];
    }
  }
}

TEST(Rearrangements, NameTheElementsThatOperatorsMove) {
  size_t followed = 0;
  size_t moves = 0;
  for (uint64_t seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE(seed);
    GraphBuilder b(seed);
    const ValueId in = b.input(random_factors(&b, 4 * 6 * 5 * 3));
    std::vector<ValueId> made = {in};
    for (int i = 0; i < 8; ++i) {
      if (element_count(b.shape(made.back())) < 2) break;
      const ValueId next = random_move(&b, made.back());
      if (next != made.back()) made.push_back(next);
    }
    const Graph graph = b.finish(made);
    std::vector<Tensor> inputs = test::random_inputs(graph, 1);
    const std::span<float> values = inputs[0].as<float>();
    std::iota(values.begin(), values.end(), 0.0F);
    const auto ran = run_reference(graph, inputs);
    ASSERT_TRUE(ran.ok()) << ran.error().message;
    const std::vector<Rearrangement> all = rearrangements(graph);
    for (size_t i = 0; i < made.size(); ++i) {
      const Rearrangement& moved = all[static_cast<size_t>(made[i])];
      ASSERT_NE(moved.source, kNoValue);
      ASSERT_EQ(moved.axes.size(), graph.value(made[i]).shape.size());
      for (size_t d = 0; d < moved.axes.size(); ++d) {
        ASSERT_EQ(moved.axes[d], normal(moved.axes[d]));
      }
      const auto source =
          static_cast<size_t>(std::find(made.begin(), made.end(), moved.source) - made.begin());
      ASSERT_LT(source, made.size());
      const std::vector<float> from = test::floats_of(ran.value()[source]);
      std::vector<float> expected;
      for (const int64_t at : elements(moved)) expected.push_back(from[static_cast<size_t>(at)]);
      ASSERT_EQ(test::floats_of(ran.value()[i]), expected) << graph.value(made[i]).name;
      moves += i > 0 ? 1 : 0;
      followed += moved.source == in && i > 0 ? 1 : 0;
    }
  }
  EXPECT_GT(followed * 2, moves);  // the rest starts anew where steps cannot tell
}

TEST(Rearrangements, TwoSpellingsOfOneThingAreEqual) {
  GraphBuilder b(1);
  const ValueId x = b.input({1, 12, 4, 5});
  const ValueId one = b.reshape(b.split(b.reshape(x, {1, 2, 6, 20}), 2, {2, 4})[1], {2, 4, 4, 5});
  const ValueId three = b.transpose(b.reshape(x, {2, 6, 20}), {2, 0, 1});
  const ValueId other =
      b.reshape(b.transpose(b.slice_axis(three, 2, 2, 4), {1, 2, 0}), {2, 4, 4, 5});
  const auto all = rearrangements(b.finish({one, other}));
  EXPECT_EQ(all[static_cast<size_t>(one)], all[static_cast<size_t>(other)]);
  EXPECT_EQ(all[static_cast<size_t>(one)].source, x);
}

TEST(Rearrangements, FactorsMultiplyAndStopAtImages) {
  GraphBuilder b(2);
  const ValueId x = b.input({1, 4, 2, 3});
  const ValueId halved = b.binary(Op::kDiv, b.reshape(x, {4, 6}), b.scalar(2.0F));
  const ValueId y = b.binary(Op::kMul, b.constant({1, 1}, {6.0F}), b.transpose(halved, {1, 0}));
  const ValueId image = b.binary(Op::kMul, x, b.scalar(3.0F));
  const ValueId inverse = b.binary(Op::kDiv, b.scalar(1.0F), b.reshape(x, {24}));
  const ValueId wide = b.binary(Op::kMul, b.reshape(x, {24}), b.constant({1, 1}, {2.0F}));
  const ValueId uneven = b.binary(Op::kMul, b.reshape(x, {8, 3}), b.constant({3}, {1, 1, 2}));
  const auto all = rearrangements(b.finish({y, image, inverse, wide, uneven}));
  EXPECT_EQ(all[static_cast<size_t>(y)].source, x);
  EXPECT_EQ(all[static_cast<size_t>(y)].scale, 3.0F);
  for (const ValueId own : {image, inverse, wide, uneven}) {
    EXPECT_EQ(all[static_cast<size_t>(own)].source, own);
    EXPECT_EQ(all[static_cast<size_t>(own)].scale, 1.0F);
  }
}

}  // namespace
}  // namespace pawl::engine
