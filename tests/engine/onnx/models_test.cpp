// Proves: real exports of seven detectors import at their size, into the canonical operators, and
// give the outputs that their documentation states; YOLOX-nano, which bakes in no size, at another;
// quantized files as the float networks that they hold.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "engine/onnx/importer.h"
#include "engine/passes/passes.h"
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

// The file as found and the same network with its codes multiplied out.
TEST(QuantizedModels, ConvIntegerIsItsFloatNetwork) {
  const auto quantized_path = model_path("steel_defect_yolov8n_convinteger.onnx");
  const auto float_path = model_path("steel_defect_yolov8n.onnx");
  if (!std::filesystem::exists(quantized_path) || !std::filesystem::exists(float_path)) {
    GTEST_SKIP() << quantized_path << " is absent (set PAWL_SHARED)";
  }
  auto quantized = import_onnx(quantized_path);
  auto plain = import_onnx(float_path);
  ASSERT_TRUE(quantized.ok()) << quantized.error().message;
  ASSERT_TRUE(plain.ok()) << plain.error().message;
  Graph& a = quantized.value();
  Graph& b = plain.value();
  ASSERT_EQ(a.assumptions.size(), 1U);
  EXPECT_NE(a.assumptions[0].find("dynamic, 64 integer operators"), std::string::npos);
  EXPECT_TRUE(b.assumptions.empty());
  optimise(&a);
  optimise(&b);
  ASSERT_EQ(a.nodes.size(), b.nodes.size());
  size_t convolutions = 0;
  for (size_t i = 0; i < a.nodes.size(); ++i) {
    ASSERT_EQ(a.nodes[i].op, b.nodes[i].op) << i;
    ASSERT_EQ(a.nodes[i].attributes, b.nodes[i].attributes) << i;
    if (a.nodes[i].op != Op::kConv) continue;
    ++convolutions;
    for (size_t input = 1; input < b.nodes[i].inputs.size(); ++input) {
      const Tensor* x = a.value(a.nodes[i].inputs[input]).constant.get();
      const Tensor* y = b.value(b.nodes[i].inputs[input]).constant.get();
      ASSERT_EQ(x == nullptr, y == nullptr);
      if (x == nullptr) continue;  // a residual
      for (size_t k = 0; k < y->as<float>().size(); ++k) {
        ASSERT_NEAR(x->as<float>()[k], y->as<float>()[k],
                    1e-6F * (1 + std::abs(y->as<float>()[k])));
      }
    }
  }
  EXPECT_EQ(convolutions, 64U);
}

TEST(QuantizedModels, QdqLeavesAFloatExportAndWarnsOfItsOutputScale) {
  const auto path = model_path("yolo11n_qdq_broken_scale.onnx");
  const auto twin = model_path("yolo11n_coco.onnx");
  if (!std::filesystem::exists(path) || !std::filesystem::exists(twin)) {
    GTEST_SKIP() << path << " is absent (set PAWL_SHARED)";
  }
  const auto quantized = import_onnx(path);
  const auto plain = import_onnx(twin);
  ASSERT_TRUE(quantized.ok()) << quantized.error().message;
  ASSERT_TRUE(plain.ok()) << plain.error().message;
  const auto count = [](const Graph& graph, Op op) {
    return std::count_if(graph.nodes.begin(), graph.nodes.end(),
                         [op](const Node& node) { return node.op == op; });
  };
  for (const Op op : {Op::kConv, Op::kMul, Op::kSigmoid, Op::kConcat, Op::kMatMul, Op::kSoftmax}) {
    EXPECT_EQ(count(quantized.value(), op), count(plain.value(), op)) << op_name(op);
  }
  const Graph& graph = quantized.value();
  EXPECT_NE(graph.assumptions.at(0).find("QDQ, 333 pairs"), std::string::npos);
  ASSERT_EQ(graph.warnings.size(), 1U);
  EXPECT_NE(graph.warnings[0].find("\"output0\" the scale 2.59"), std::string::npos);
  EXPECT_FALSE(graph.value(graph.outputs[0]).declared.has_value());
}

}  // namespace
}  // namespace pawl::engine
