// Proves that the plan has a place for whatever the importer takes: every operator of its tables,
// with the attributes that users give it, behind and between convolutions, on a batch of images and
// on row-major values, each value against the reference executor, and compiled for 8 bits as well.
// An operator that is added to the importer without cases here fails.
#include <gtest/gtest.h>

#include <set>

#include "engine/onnx/expand_quantized.h"
#include "engine/onnx/operators.h"
#include "tests/engine/compile/operator_cases.h"
#include "tests/engine/compile/plan_runner.h"
#include "tests/engine/quantize/random_frames.h"

namespace pawl::test {
namespace {

std::set<std::string> accepted_operators() {
  std::set<std::string> types;
  for (const std::string_view type : engine::onnx::operator_types()) types.emplace(type);
  for (const std::string_view type : engine::onnx::expandable_types()) types.emplace(type);
  return types;
}

TEST(EveryOperator, HasCases) {
  std::set<std::string> types;
  for (const auto& [type, cases] : operator_cases()) types.insert(type);
  EXPECT_EQ(types, accepted_operators());
}

// x of `shape`, made by a convolution of the input, and what the case makes of it. A second
// convolution reads y where it is an image.
Scene scene_of(const Case& of, const Shape& shape, bool reads_y) {
  Scene scene(of.opset, shape);
  scene.file.input("images", {1, 3, 8, 6});
  const int64_t channels = engine::element_count(shape) / 48;
  const std::string weights = scene.reals({channels, 3, 3, 3}, -0.4F, 0.4F);
  scene.op("Conv", {"images", weights, scene.reals({channels})}, "stem")
      .set("pads", Numbers{1, 1, 1, 1});
  scene.op("Reshape", {"stem", scene.numbers(shape)}, "x");
  of.build(scene);
  scene.file.output("y");
  if (!reads_y) return scene;
  const engine::Graph graph = imported(scene.file);
  const engine::Value& y = graph.value(graph.outputs[0]);
  if (y.shape.size() == 4 && y.dtype == engine::DType::kFloat32) {
    scene.op("Conv", {"y", scene.reals({2, y.shape[1], 1, 1})}, "behind");
    scene.file.output("behind");
  }
  return scene;
}

void expect_compiles_for_8_bits(const engine::Graph& graph) {
  RandomFrames frames(2, 1);
  engine::CompileOptions options = without_head();
  options.calibration = &frames;
  const auto compiled = engine::compile(graph, options);
  ASSERT_TRUE(compiled.ok()) << compiled.error().message;
  const auto artifact = engine::Artifact::from_bytes(compiled.value().artifact, "test");
  ASSERT_TRUE(artifact.ok()) << artifact.error().message;
  const auto session = engine::Session::create(artifact.value(), {.threads = 1});
  ASSERT_TRUE(session.ok()) << session.error().message;
}

class EveryOperator : public testing::TestWithParam<std::string> {};

TEST_P(EveryOperator, HasAPlace) {
  const std::map<std::string, CasesOf> all = operator_cases();
  const auto found = all.find(GetParam());
  ASSERT_NE(found, all.end()) << "no cases in operator_cases.cpp";
  size_t tried = 0;
  for (const Shape& shape : {Shape{1, 8, 8, 6}, Shape{2, 4, 8, 6}, Shape{1, 8, 48}}) {
    for (const Case& of : found->second(shape)) {
      SCOPED_TRACE(of.what + " on " + engine::to_string(shape));
      ++tried;
      const Scene scene = scene_of(of, shape, /*reads_y=*/true);
      const auto graph = scene.file.import();
      ASSERT_TRUE(graph.ok()) << graph.error().message;
      expect_runs_as_reference(graph.value(), 5);
      expect_compiles_for_8_bits(graph.value());
      if (HasFailure()) return;  // one case is enough to look at
    }
  }
  EXPECT_GT(tried, 0U);
}

std::vector<std::string> names_of_all() {
  const std::set<std::string> types = accepted_operators();
  return {types.begin(), types.end()};
}

INSTANTIATE_TEST_SUITE_P(Importer, EveryOperator, testing::ValuesIn(names_of_all()),
                         [](const auto& of) { return of.param; });

}  // namespace
}  // namespace pawl::test
