// Proves where a file's scale is called too coarse for scores: behind a sigmoid or softmax, moved
// about or joined by any operator that keeps the numbers, above the stated step and not at it; and
// nowhere else.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>

#include "tests/engine/onnx/quantized_builder.h"

namespace pawl::engine::test {
namespace {

// A score of (1, 4, 3, 2) goes through `move` into a pair of `scale`. The number of warnings.
size_t warnings(float scale, const std::string& score,
                const std::function<std::string(ModelBuilder*)>& move) {
  QuantizedBuilder model;
  model.input("x", {1, 4, 3, 2});
  if (score == "Softmax") {
    model.node(score, {"x"}, {"s"}).set("axis", int64_t{1});
  } else {
    model.node(score, {"x"}, {"s"});
  }
  model.pair(move(&model), "out", scale, 0);
  model.output("out");
  const Graph graph = imported(model);
  return static_cast<size_t>(std::count_if(
      graph.warnings.begin(), graph.warnings.end(),
      [](const std::string& w) { return w.find("scores of 0 to 1") != std::string::npos; }));
}

struct Mover {
  const char* name;
  std::function<std::string(ModelBuilder*)> move;
};

std::vector<Mover> movers() {
  return {{"nothing", [](ModelBuilder*) -> std::string { return "s"; }},
          {"Transpose",
           [](ModelBuilder* m) -> std::string {
             m->node("Transpose", {"s"}, {"m"}).set("perm", Ints{0, 2, 3, 1});
             return "m";
           }},
          {"Reshape",
           [](ModelBuilder* m) -> std::string {
             m->constant("shape", {2}, Ints{4, 6});
             m->node("Reshape", {"s", "shape"}, {"m"});
             return "m";
           }},
          {"Concat",
           [](ModelBuilder* m) -> std::string {
             m->node("Concat", {"x", "s"}, {"m"}).set("axis", int64_t{1});
             return "m";
           }},
          {"Split",
           [](ModelBuilder* m) -> std::string {
             m->constant("parts", {2}, Ints{1, 3});
             m->node("Split", {"s", "parts"}, {"other", "m"}).set("axis", int64_t{1});
             m->output("other");
             return "m";
           }},
          {"Slice",
           [](ModelBuilder* m) -> std::string {
             m->constant("starts", {1}, Ints{1});
             m->constant("ends", {1}, Ints{3});
             m->constant("axes", {1}, Ints{1});
             m->node("Slice", {"s", "starts", "ends", "axes"}, {"m"});
             return "m";
           }},
          {"Gather", [](ModelBuilder* m) -> std::string {
             m->constant("indices", {2}, Ints{2, 0});
             m->node("Gather", {"s", "indices"}, {"m"}).set("axis", int64_t{1});
             return "m";
           }}};
}

TEST(CoarseScores, AreFollowedThroughWhatMovesThem) {
  for (const Mover& mover : movers()) {
    for (const char* const score : {"Sigmoid", "Softmax"}) {
      EXPECT_EQ(warnings(0.5F, score, mover.move), 1U) << score << " " << mover.name;
      EXPECT_EQ(warnings(0.11F, score, mover.move), 1U) << score << " " << mover.name;
      EXPECT_EQ(warnings(0.1F, score, mover.move), 0U) << score << " " << mover.name;
      EXPECT_EQ(warnings(1.0F / 255.0F, score, mover.move), 0U) << score << " " << mover.name;
    }
    EXPECT_EQ(warnings(0.5F, "Relu", mover.move), 0U) << mover.name;
  }
  // What computes with scores has no bounds of 0 and 1.
  EXPECT_EQ(warnings(0.5F, "Sigmoid",
                     [](ModelBuilder* m) -> std::string {
                       m->node("Mul", {"s", "x"}, {"m"});
                       return "m";
                     }),
            0U);
}

}  // namespace
}  // namespace pawl::engine::test
