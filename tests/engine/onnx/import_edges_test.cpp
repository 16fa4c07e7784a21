// Proves the corners of import that hand-written examples pass by: every slice of small extents
// against the rule it is defined by, resizes that name no rounding, and which steps of a quantized
// file end in a ReLU that was left out.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>

#include "tests/engine/onnx/quantized_builder.h"

namespace pawl::engine::test {
namespace {

// Indices that start:end:step selects of `extent`, as Python and ONNX define it.
Ints sliced(int64_t start, int64_t end, int64_t step, int64_t extent) {
  const auto bound = [&](int64_t at) {
    if (at < 0) at = at < -extent ? -1 : at + extent;
    const int64_t least = step < 0 ? -1 : 0;
    const int64_t most = step < 0 ? extent - 1 : extent;
    return at < least ? least : (at > most ? most : at);
  };
  Ints indices;
  const int64_t stop = bound(end);
  for (int64_t at = bound(start); step > 0 ? at < stop : at > stop;) {
    indices.push_back(at);
    if (step > extent || step < -extent) break;  // the next one is outside, and may overflow
    at += step;
  }
  return indices;
}

TEST(ImportEdges, EverySliceOfSmallExtents) {
  constexpr int64_t kLow = std::numeric_limits<int64_t>::min();
  constexpr int64_t kHigh = std::numeric_limits<int64_t>::max();
  for (const int64_t extent : {1, 2, 5}) {
    Ints ends = {kLow, kLow + 1, kHigh, kHigh - 1, INT32_MAX, INT32_MIN};
    for (int64_t at = -extent - 2; at <= extent + 2; ++at) ends.push_back(at);
    for (const int64_t step :
         {int64_t{1}, int64_t{2}, int64_t{3}, int64_t{-1}, int64_t{-2}, int64_t{-3}, kHigh, kLow}) {
      for (const int64_t start : ends) {
        for (const int64_t end : ends) {
          const Ints indices = sliced(start, end, step, extent);
          if (indices.empty()) continue;
          SCOPED_TRACE("extent " + std::to_string(extent) + " " + std::to_string(start) + ":" +
                       std::to_string(end) + ":" + std::to_string(step));
          expect_real(SingleNode("Slice", 13, {counted({extent})})
                          .with({1}, Ints{start})
                          .with({1}, Ints{end})
                          .with({1}, Ints{0})
                          .with({1}, Ints{step})
                          .run(),
                      {static_cast<int64_t>(indices.size())},
                      Floats(indices.begin(), indices.end()));
          if (testing::Test::HasFailure()) return;
        }
      }
    }
  }
}

// Before opset 11 the rounding of nearest is nowhere said: down where the picture grows, up where
// it shrinks.
TEST(ImportEdges, OldResizesRoundDownToGrowAndUpToShrink) {
  const auto old = [](const char* op, int64_t opset, const Floats& input, float scale) {
    return SingleNode(op, opset,
                      {real_tensor({1, 1, 1, static_cast<int64_t>(input.size())}, input)})
        .with({4}, Floats{1, 1, 1, scale})
        .run();
  };
  for (const auto& [op, opset] : {std::pair("Resize", 10), std::pair("Upsample", 9)}) {
    expect_real(old(op, opset, count(3), 1.6F), {1, 1, 1, 4}, {0, 0, 1, 1});
    expect_real(old(op, opset, count(3), 2.0F), {1, 1, 1, 6}, {0, 0, 1, 1, 2, 2});
    expect_real(old(op, opset, count(5), 0.4F), {1, 1, 1, 2}, {0, 3});
    expect_real(old(op, opset, count(8), 0.3F), {1, 1, 1, 2}, {0, 4});
    expect_real(old(op, opset, count(4), 0.5F), {1, 1, 1, 2}, {0, 2});
  }
}

// One scale for both sides, and extents to the nearest whole number.
TEST(ImportEdges, SizesThatKeepTheAspectAreRounded) {
  const auto extents = [](const char* policy, const Ints& sizes) -> Shape {
    const auto graph = SingleNode("Resize", 18, {counted({1, 1, 3, 7})})
                           .set("keep_aspect_ratio_policy", policy)
                           .set("axes", Ints{2, 3})
                           .absent()
                           .absent()
                           .with({2}, sizes)
                           .import();
    EXPECT_TRUE(graph.ok()) << (graph.ok() ? "" : graph.error().message);
    return graph.ok() ? graph.value().value(graph.value().outputs[0]).shape : Shape{};
  };
  EXPECT_EQ(extents("stretch", {6, 10}), (Shape{1, 1, 6, 10}));
  EXPECT_EQ(extents("not_larger", {6, 10}), (Shape{1, 1, 4, 10}));  // by 10/7: 4.29
  EXPECT_EQ(extents("not_larger", {9, 11}), (Shape{1, 1, 5, 11}));  // by 11/7: 4.71
  EXPECT_EQ(extents("not_smaller", {4, 8}), (Shape{1, 1, 4, 9}));   // by 4/3: 9.33
  EXPECT_EQ(extents("not_smaller", {5, 8}), (Shape{1, 1, 5, 12}));  // by 5/3: 11.67
  EXPECT_EQ(extents("not_larger", {1, 1}), (Shape{1, 1, 1, 1}));    // never less than one
}

// A step behind which the codes end at zero, and the float model it stands for.
struct Step {
  std::string what;
  bool rectified;
  std::function<std::string(ModelBuilder*)> build;  // returns the name of its output
};

std::string conv(ModelBuilder* m, const std::string& y) {
  m->constant(y + "_w", {2, 2, 1, 1}, Floats{1, -2, 0.5F, 1.5F});
  m->node("Conv", {"x", y + "_w"}, {y});
  return y;
}

std::vector<Step> steps() {
  const auto sum = [](const char* a, const char* b) {
    return [=](ModelBuilder* m) -> std::string {
      conv(m, "c");
      m->node("Add", {a, b}, {"y"});
      m->output("c");
      return "y";
    };
  };
  return {
      {"a convolution", true, [](ModelBuilder* m) { return conv(m, "y"); }},
      {"a transposed convolution", true,
       [](ModelBuilder* m) -> std::string {
         m->constant("w", {2, 2, 1, 1}, Floats{1, -2, 0.5F, 1.5F});
         m->node("ConvTranspose", {"x", "w"}, {"y"});
         return "y";
       }},
      {"a batch normalisation", true,
       [](ModelBuilder* m) -> std::string {
         for (const char* const name : {"g", "b", "m"}) m->constant(name, {2}, Floats{1, -1});
         m->constant("v", {2}, Floats{1, 2});
         m->node("BatchNormalization", {"x", "g", "b", "m", "v"}, {"y"});
         return "y";
       }},
      {"a sum whose first part is a convolution", true, sum("c", "x")},
      {"a sum whose second part is a convolution", true, sum("x", "c")},
      {"a sum without one", false, sum("x", "x")},
      {"a product with a convolution", false,
       [](ModelBuilder* m) -> std::string {
         conv(m, "c");
         m->node("Mul", {"c", "x"}, {"y"});
         m->output("c");
         return "y";
       }},
      {"a pool", false,
       [](ModelBuilder* m) -> std::string {
         m->node("MaxPool", {"x"}, {"y"}).set("kernel_shape", Ints{1, 1});
         return "y";
       }},
      {"nothing", false,
       [](ModelBuilder* m) -> std::string {
         m->node("Identity", {"x"}, {"y"});
         return "y";
       }},
  };
}

TEST(ImportEdges, LevelsThatEndAtZeroBehindALinearStepAreARelu) {
  for (const Step& step : steps()) {
    SCOPED_TRACE(step.what);
    const auto ops = [&step](float scale, int64_t zero) {
      QuantizedBuilder model;
      model.input("x", {1, 2, 3, 3});
      model.pair(step.build(&model), "out", scale, zero);
      model.output("out");
      return ops_of(imported(model));
    };
    const auto holds = [](const std::vector<Op>& all, Op op) {
      return std::find(all.begin(), all.end(), op) != all.end();
    };
    EXPECT_EQ(holds(ops(0.05F, 0), Op::kRelu), step.rectified);
    EXPECT_EQ(holds(ops(6.0F / 255.0F, 0), Op::kClip), step.rectified);
    EXPECT_FALSE(holds(ops(0.05F, 1), Op::kRelu));
    EXPECT_FALSE(holds(ops(0.05F, 128), Op::kRelu));
  }
}

}  // namespace
}  // namespace pawl::engine::test
