// Proves the rules of the search one by one, with a measure that says what a script says: how many
// plans are measured, that a bound met exactly is met, which layers are given back; and the numbers
// that plans are compared by.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "engine/compile/compiler.h"
#include "engine/quantize/search.h"
#include "tests/engine/graph_builder.h"
#include "tests/engine/quantize/random_frames.h"

namespace pawl::engine {
namespace {

using test::GraphBuilder;
using test::kSide;
using test::RandomFrames;
using test::square;

Graph network() {
  GraphBuilder b(12);
  ValueId x = b.input({1, 3, kSide, kSide});
  for (int i = 0; i < 5; ++i) x = b.silu(b.conv(x, 12, square(3, i == 0 ? 2 : 1)));
  return b.finish({b.conv(x, 7, square(1))});
}

struct Outcome {
  SearchResult search;
  size_t measured = 0;  // plans
};

// `points`: of the plans in the order in which they are measured, the last one of all further ones.
Outcome search_with(std::vector<double> points, double max_drop) {
  Outcome outcome;
  RandomFrames calibration(8, 1);
  RandomFrames held_out(4, 500);
  AccuracyBound bound{.measure = [&](const Artifact&) -> Result<double> {
                        return points[std::min(outcome.measured++, points.size() - 1)];
                      },
                      .max_drop = max_drop,
                      .frames = &held_out};
  CompileOptions options;
  options.head.head = "none";
  options.calibration = &calibration;
  options.bound = &bound;
  const auto compiled = compile(network(), options);
  EXPECT_TRUE(compiled.ok()) << compiled.error().message;
  if (compiled.ok()) outcome.search = *compiled.value().report.search;
  return outcome;
}

// Float, all on 8 bits, one layer in float: the layer that was needed is not asked for again.
TEST(SearchRules, TheLayerThatWasNeededIsNotGivenBack) {
  const Outcome o = search_with({100.0, 0.0, 100.0}, 1.0);
  EXPECT_EQ(o.measured, 3U);
  EXPECT_EQ(o.search.kept.size(), 1U);
  EXPECT_EQ(o.search.reached, 100.0);
}

// Two layers are needed; without the first of them the bound is met exactly.
TEST(SearchRules, ABoundMetExactlyIsMet) {
  const Outcome o = search_with({100.0, 0.0, 0.0, 99.0, 99.0}, 1.0);
  EXPECT_EQ(o.measured, 5U);
  EXPECT_EQ(o.search.kept.size(), 1U);
  EXPECT_EQ(o.search.reached, 99.0);
  EXPECT_EQ(o.search.required, 99.0);
}

TEST(SearchRules, ALayerWithoutWhichTheBoundIsMissedStays) {
  const Outcome o = search_with({100.0, 0.0, 0.0, 99.5, std::nextafter(99.0, 0.0)}, 1.0);
  EXPECT_EQ(o.measured, 5U);
  EXPECT_EQ(o.search.kept.size(), 2U);
  EXPECT_EQ(o.search.reached, 99.5);
}

TEST(SearchRules, NothingIsKeptWhereEightBitsAreEnoughExactly) {
  const Outcome o = search_with({100.0, 99.0}, 1.0);
  EXPECT_EQ(o.measured, 2U);
  EXPECT_TRUE(o.search.kept.empty());
}

// One layer too few, two enough: found by doubling, then halving what lies between.
TEST(SearchRules, TheFewestLayersAreFound) {
  // Lengths 1, 2 and 4 are tried, then 3; the last call gives nothing back.
  const Outcome o = search_with({100.0, 0.0, 0.0, 0.0, 100.0, 100.0, 0.0}, 1.0);
  EXPECT_EQ(o.search.kept.size(), 3U);
  EXPECT_EQ(o.search.path.size(), 5U);
}

TEST(SearchRules, FramesAreSpreadOverAll) {
  EXPECT_EQ(spread_frames(100, 4), (std::vector<size_t>{0, 25, 50, 75}));
  EXPECT_EQ(spread_frames(10, 3), (std::vector<size_t>{0, 3, 6}));
  EXPECT_EQ(spread_frames(3, 10), (std::vector<size_t>{0, 1, 2}));
  EXPECT_EQ(spread_frames(5, 5), (std::vector<size_t>{0, 1, 2, 3, 4}));
  EXPECT_TRUE(spread_frames(0, 4).empty());
}

TEST(SearchRules, NoiseIsOverSignal) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  SignalNoise of;
  of.add(std::vector<float>{1.0F, 2.0F}, std::vector<float>{1.5F, 2.0F});
  EXPECT_DOUBLE_EQ(of.noise, 0.25);
  EXPECT_DOUBLE_EQ(of.signal, 6.25);
  EXPECT_DOUBLE_EQ(of.ratio(), 0.04);
  // What a mask holds says nothing either way.
  of.add(std::vector<float>{-kInfinity, 3.0F, 0.0F},
         std::vector<float>{-kInfinity, kInfinity, -kInfinity});
  EXPECT_DOUBLE_EQ(of.ratio(), 0.04);
  // A value that is lost is as bad as can be, and equal ones as good.
  of.add(std::vector<float>{std::numeric_limits<float>::quiet_NaN()}, std::vector<float>{1.0F});
  EXPECT_EQ(of.ratio(), std::numeric_limits<double>::max());
  EXPECT_EQ(SignalNoise{}.ratio(), 0.0);
  EXPECT_DOUBLE_EQ(decibels(0.01), 20.0);
  EXPECT_EQ(decibels(0.0), std::numeric_limits<double>::infinity());

  ReferenceOutputs::Difference both;
  EXPECT_EQ(both.noise(), 0.0);
  both.outputs = {{.signal = 100.0, .noise = 1.0}, {.signal = 1.0, .noise = 0.5}};
  EXPECT_DOUBLE_EQ(both.noise(), 0.255);  // none drowns another
}

}  // namespace
}  // namespace pawl::engine
