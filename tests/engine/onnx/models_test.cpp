// Proves: real exports of seven detectors import at their size, into the canonical operators, and
// give the outputs that their documentation states; YOLOX-nano, which bakes in no size, at another.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "engine/onnx/importer.h"
#include "engine/reference/reference.h"

namespace pawl::engine {
namespace {

std::filesystem::path model_path(const std::string& file) {
  const char* shared = std::getenv("PAWL_SHARED");
  return std::filesystem::path(shared != nullptr ? shared : PAWL_SHARED_DIR) / "models" / file;
}

struct Case {
  const char* file;
  Shape input;
  std::vector<Shape> outputs;
};

class Models : public testing::TestWithParam<Case> {};

TEST_P(Models, Imports) {
  const auto path = model_path(GetParam().file);
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is absent (set PAWL_SHARED)";
  const auto graph = import_onnx(path);
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  ASSERT_EQ(graph.value().inputs.size(), 1U);
  EXPECT_EQ(graph.value().value(graph.value().inputs[0]).shape, GetParam().input);
  ASSERT_EQ(graph.value().outputs.size(), GetParam().outputs.size());
  for (size_t i = 0; i < graph.value().outputs.size(); ++i) {
    EXPECT_EQ(graph.value().value(graph.value().outputs[i]).shape, GetParam().outputs[i]);
    EXPECT_EQ(graph.value().value(graph.value().outputs[i]).constant, nullptr);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, Models,
    testing::Values(
        Case{"yolov8n_coco.onnx", {1, 3, 640, 640}, {{1, 84, 8400}}},
        Case{"yolo11n_coco.onnx", {1, 3, 640, 640}, {{1, 84, 8400}}},
        Case{"yolo26n_coco.onnx", {1, 3, 640, 640}, {{1, 300, 6}}},
        Case{"yolov5n_coco_fp16.onnx", {1, 3, 640, 640}, {{1, 25200, 85}}},
        Case{"yolox_nano_coco.onnx", {1, 3, 416, 416}, {{1, 3549, 85}}},
        Case{
            "nanodet_m_coco.onnx",
            {1, 3, 416, 416},
            {{1, 2704, 80}, {1, 676, 80}, {1, 169, 80}, {1, 2704, 32}, {1, 676, 32}, {1, 169, 32}}},
        Case{"steel_defect_yolov8n.onnx", {1, 3, 640, 640}, {{1, 10, 8400}}}),
    [](const testing::TestParamInfo<Case>& instance) {
      const std::string file = instance.param.file;
      return file.substr(0, file.find('.'));
    });

TEST(ModelSizes, YoloxRunsAtAnotherSize) {
  const auto path = model_path("yolox_nano_coco.onnx");
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is absent (set PAWL_SHARED)";
  ImportOptions options;
  options.input = InputSize{96, 64};
  const auto graph = import_onnx(path, options);
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  Tensor x(DType::kFloat32, {1, 3, 64, 96});
  for (float& value : x.as<float>()) value = 114;
  int64_t seen = 0;
  const auto y =
      run_reference(graph.value(), std::span(&x, 1), [&](ValueId id, const Tensor& tensor) {
        EXPECT_EQ(graph.value().value(id).shape, tensor.shape());
        ++seen;
      });
  ASSERT_TRUE(y.ok()) << y.error().message;
  EXPECT_EQ(seen, static_cast<int64_t>(graph.value().nodes.size()));  // no Split in this one
  ASSERT_EQ(y.value()[0].shape(), (Shape{1, 96 + 24 + 6, 85}));
  for (const float value : y.value()[0].as<float>()) ASSERT_TRUE(std::isfinite(value));
}

TEST(ModelSizes, FixedExportsSayTheSizeTheyAreFor) {
  const auto path = model_path("yolov8n_coco.onnx");
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is absent (set PAWL_SHARED)";
  ImportOptions options;
  options.input = InputSize{640, 384};
  const auto graph = import_onnx(path, options);
  ASSERT_FALSE(graph.ok());
  EXPECT_NE(graph.error().message.find("exported for 640x640"), std::string::npos)
      << graph.error().message;
}

TEST(QuantisedModels, AreRefusedByName) {
  for (const char* file :
       {"steel_defect_yolov8n_convinteger.onnx", "yolo11n_qdq_broken_scale.onnx"}) {
    const auto path = model_path(file);
    if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is absent (set PAWL_SHARED)";
    const auto graph = import_onnx(path);
    ASSERT_FALSE(graph.ok());
    EXPECT_NE(graph.error().message.find("quantised"), std::string::npos);
  }
}

}  // namespace
}  // namespace pawl::engine
