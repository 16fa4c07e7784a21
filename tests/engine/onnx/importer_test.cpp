// Proves: the importer orders nodes, tells inputs from initialisers, fixes dynamic sizes, keeps the
// names of the file, and explains in one line what it refuses.
#include "engine/onnx/importer.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/engine/onnx/model_builder.h"

namespace pawl::engine::test {
namespace {

TEST(Importer, SortsNodesThatComeInAnyOrder) {
  ModelBuilder model(13);
  model.input("x", {2});
  model.node("Neg", {"b"}, {"c"});
  model.node("Abs", {"a"}, {"b"});
  model.node("Floor", {"x"}, {"a"});
  model.output("c");
  const auto graph = model.import();
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  ASSERT_EQ(graph.value().nodes.size(), 3U);
  EXPECT_EQ(graph.value().nodes[0].op, Op::kFloor);
  EXPECT_EQ(graph.value().nodes[2].op, Op::kNeg);
  const Tensor x[] = {real_tensor({2}, {-1.5F, 2.5F})};
  const auto y = run_reference(graph.value(), x);
  ASSERT_TRUE(y.ok());
  expect_real(y.value(), {2}, {-2, -2});
}

TEST(Importer, InitialisersListedAsInputsAreNotInputs) {
  ModelBuilder model(11);
  model.input("x", {2});
  model.input("bias", {2});
  model.constant("bias", {2}, Floats{10, 20});
  model.node("Add", {"x", "bias"}, {"y"});
  model.output("y");
  const auto graph = model.import();
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  EXPECT_EQ(graph.value().inputs.size(), 1U);
}

TEST(Importer, NodesThatNoOutputNeedsAreNotRead) {
  ModelBuilder model(13);
  model.input("x", {2});
  model.node("Relu", {"x"}, {"y"});
  model.node("NoSuchOperator", {"x"}, {"aux"});
  model.output("y");
  const auto graph = model.import();
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  EXPECT_EQ(graph.value().nodes.size(), 1U);
}

TEST(Importer, KeepsNamesAndMetadata) {
  ModelBuilder model(17);
  model.model().set_producer_name("maker");
  model.model().set_producer_version("2.1");
  auto* entry = model.model().add_metadata_props();
  entry->set_key("names");
  entry->set_value("{0: 'bolt'}");
  model.input("x", {2});
  model.node("Relu", {"x"}, {"/act/Relu_output_0"}).name("/act/Relu");
  model.node("Sum", {"/act/Relu_output_0", "x", "x"}, {"y"}).name("/sum");
  model.output("y");
  const auto graph = model.import();
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  EXPECT_EQ(graph.value().producer, "maker 2.1");
  EXPECT_EQ(graph.value().opset, 17);
  EXPECT_EQ(graph.value().metadata.at("names"), "{0: 'bolt'}");
  ASSERT_EQ(graph.value().nodes.size(), 3U);
  EXPECT_EQ(graph.value().nodes[0].name, "/act/Relu");
  EXPECT_EQ(graph.value().value(graph.value().nodes[0].outputs[0]).name, "/act/Relu_output_0");
  EXPECT_EQ(graph.value().value(graph.value().outputs[0]).name, "y");
}

TEST(Importer, OutputsBehindNodesThatDoNothingKeepTheirNames) {
  ModelBuilder model(13);
  model.input("x", {2});
  model.node("Relu", {"x"}, {"r"});
  model.node("Identity", {"r"}, {"y"});
  model.node("Cast", {"r"}, {"z"}).set("to", int64_t{TensorProto::FLOAT16});
  model.node("Dropout", {"x"}, {"same"});
  model.output("y");
  model.output("z");
  model.output("same");
  const auto graph = model.import();
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  const char* expected[] = {"y", "z", "same"};
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(graph.value().value(graph.value().outputs[i]).name, expected[i]);
  }
  const Tensor x[] = {real_tensor({2}, {-1, 2})};
  const auto y = run_reference(graph.value(), x);
  ASSERT_TRUE(y.ok());
  expect_real(y.value(), {2}, {0, 2}, 0, 0);
  expect_real(y.value(), {2}, {0, 2}, 0, 1);
  expect_real(y.value(), {2}, {-1, 2}, 0, 2);
}

// The same numbers in every storage that ONNX has for them.
// A dynamic export: the grid comes from Shape, Gather, Range, Expand.
ModelBuilder dynamic_model() {
  ModelBuilder model(17);
  model.input("images", {-1, 3, -1, -1});
  model.constant("two", {}, Ints{2});
  model.constant("three", {}, Ints{3});
  model.constant("zero", {}, Ints{0});
  model.constant("one", {}, Ints{1});
  model.constant("axis", {1}, Ints{0});
  model.constant("minus", {1}, Ints{-1});
  model.node("Shape", {"images"}, {"shape"});
  model.node("Gather", {"shape", "three"}, {"w"}).set("axis", int64_t{0});
  model.node("Range", {"zero", "w", "one"}, {"columns"});
  model.node("Cast", {"columns"}, {"grid"}).set("to", int64_t{TensorProto::FLOAT});
  model.node("Add", {"images", "grid"}, {"shifted"});
  model.node("Gather", {"shape", "two"}, {"h"}).set("axis", int64_t{0});
  model.node("Unsqueeze", {"h", "axis"}, {"h1"});
  model.node("Concat", {"minus", "h1"}, {"wanted"}).set("axis", int64_t{0});
  model.node("Reshape", {"shifted", "wanted"}, {"y"});
  model.output("y");
  return model;
}

TEST(Importer, FixesDynamicSizesAndFoldsTheShapeArithmetic) {
  ImportOptions options;
  options.input = InputSize{5, 4};
  const auto graph = dynamic_model().import(options);
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  EXPECT_EQ(graph.value().value(graph.value().inputs[0]).shape, (Shape{1, 3, 4, 5}));
  ASSERT_EQ(graph.value().nodes.size(), 2U);  // Add and Reshape
  const Tensor x[] = {Tensor(DType::kFloat32, {1, 3, 4, 5})};
  const auto y = run_reference(graph.value(), x);
  ASSERT_TRUE(y.ok());
  ASSERT_EQ(y.value()[0].shape(), (Shape{15, 4}));
  for (int64_t i = 0; i < 60; ++i) {
    EXPECT_EQ(y.value()[0].as<float>()[static_cast<size_t>(i)], static_cast<float>(i % 5));
  }
}

TEST(Importer, AsksForTheSizeOfADynamicModel) {
  expect_refused(dynamic_model().import(), Code::kInvalidArgument, {"images", "--input"});
  ImportOptions options;
  for (const InputSize size : {InputSize{0, 4}, InputSize{4, -1}, InputSize{1 << 20, 4}}) {
    options.input = size;
    expect_refused(dynamic_model().import(options), Code::kInvalidArgument, {"out of range"});
  }
}

TEST(Importer, ReplacesAFixedSizeWhereTheGraphAllows) {
  ModelBuilder model(13);
  model.input("images", {4, 3, 6, 8});
  model.constant("weight", {2, 3, 1, 1}, Floats{1, 2, 3, 4, 5, 6});
  model.node("Conv", {"images", "weight"}, {"y"});
  model.output("y");
  ImportOptions options;
  options.input = InputSize{10, 4};
  auto graph = model.import(options);
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  EXPECT_EQ(graph.value().value(graph.value().outputs[0]).shape, (Shape{1, 2, 4, 10}));
  // The same area: anchors in the file would have the right number and the wrong values.
  options.input = InputSize{6, 8};
  expect_refused(model.import(options), Code::kInvalidArgument, {"exported for 8x6"});
}

TEST(Importer, SaysThatAFixedExportCannotBeResized) {
  ModelBuilder model(13);
  model.input("images", {1, 3, 6, 8});
  model.constant("shape", {2}, Ints{3, 48});
  model.node("Reshape", {"images", "shape"}, {"y"}).name("/head/Reshape");
  model.output("y");
  EXPECT_TRUE(model.import().ok());
  ImportOptions options;
  options.input = InputSize{10, 4};
  expect_refused(model.import(options), Code::kInvalidArgument,
                 {"/head/Reshape", "exported for 8x6", "10x4"});
}

TEST(Importer, SecondInputsKeepTheirShape) {
  ModelBuilder model(13);
  model.input("image", {-1, 3, -1, -1});
  model.input("beside", {-1, 2});
  model.node("Relu", {"image"}, {"y"});
  model.node("Relu", {"beside"}, {"z"});
  model.output("y");
  model.output("z");
  ImportOptions options;
  options.input = InputSize{8, 8};
  const auto graph = model.import(options);
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  EXPECT_EQ(graph.value().value(graph.value().inputs[1]).shape, (Shape{1, 2}));
}

TEST(Importer, ChannelsLastInputsAreSizedInTheirOwnOrder) {
  ModelBuilder model(13);
  model.input("image", {1, 20, 30, 3});
  model.node("Transpose", {"image"}, {"y"}).set("perm", Ints{0, 3, 1, 2});
  model.output("y");
  ImportOptions options;
  options.input = InputSize{14, 10};
  const auto graph = model.import(options);
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  EXPECT_EQ(graph.value().value(graph.value().outputs[0]).shape, (Shape{1, 3, 10, 14}));
}

TEST(Importer, RefusesSuppressionBeforeAnythingElse) {
  for (const char* op : {"NonMaxSuppression", "EfficientNMS_TRT", "BatchedNMS_TRT"}) {
    ModelBuilder model(17);
    model.input("x", {1, 84, 8400});
    model.node("NoSuchOperator", {"x"}, {"boxes"});
    model.node(op, {"boxes", "x"}, {"chosen"}).name("/suppress");
    model.node("Gather", {"x", "chosen"}, {"y"});
    model.output("y");
    expect_refused(model.import(), Code::kUnsupported,
                   {"/suppress", op, "suppresses overlapping boxes itself", "nms=False"});
  }
}

TEST(Importer, RefusesInOneLine) {
  const auto one = [](const std::string& op, int64_t opset) {
    ModelBuilder model(opset);
    model.input("x", {1, 3, 4, 4});
    model.node(op, {"x"}, {"y"}).name("/model.22/Foo");
    model.output("y");
    return model;
  };
  expect_refused(one("NoSuchOperator", 17).import(), Code::kUnsupported,
                 {"/model.22/Foo", "NoSuchOperator", "opset 17"});
  expect_refused(one("Loop", 17).import(), Code::kUnsupported, {"Loop"});
  expect_refused(one("QGemm", 13).import(), Code::kUnsupported, {"quantized operator"});
  expect_refused(one("Relu", 6).import(), Code::kUnsupported, {"opset 6"});
  expect_refused(one("Relu", 99).import(), Code::kUnsupported, {"opset 99"});
  {
    ModelBuilder model = one("Relu", 17);
    NodeRef(model.model().mutable_graph()->mutable_node(0)).domain("com.microsoft");
    expect_refused(model.import(), Code::kUnsupported, {"com.microsoft.Relu"});
  }
  {
    ModelBuilder model = one("Relu", 17);
    NodeRef(model.model().mutable_graph()->mutable_node(0)).set("bar", int64_t{3});
    expect_refused(model.import(), Code::kUnsupported, {"attribute \"bar\"", "/model.22/Foo"});
  }
  {
    ModelBuilder model = one("LeakyRelu", 17);
    NodeRef(model.model().mutable_graph()->mutable_node(0)).set("alpha", int64_t{1});
    expect_refused(model.import(), Code::kCorrupt, {"alpha", "wrong type"});
  }
  {
    ModelBuilder model = one("Resize", 17);
    NodeRef(model.model().mutable_graph()->mutable_node(0)).set("mode", "cubic");
    expect_refused(model.import(), Code::kUnsupported, {"\"mode\" = \"cubic\""});
  }
}

TEST(Importer, RefusesGraphsThatContradictThemselves) {
  {
    ModelBuilder model(13);  // A cycle.
    model.input("x", {2});
    model.node("Add", {"x", "b"}, {"a"});
    model.node("Relu", {"a"}, {"b"});
    model.output("b");
    expect_refused(model.import(), Code::kCorrupt, {"depends on its own output"});
  }
  {
    ModelBuilder model(13);  // Two producers.
    model.input("x", {2});
    model.node("Relu", {"x"}, {"y"});
    model.node("Neg", {"x"}, {"y"});
    model.output("y");
    expect_refused(model.import(), Code::kCorrupt, {"\"y\""});
  }
  {
    ModelBuilder model(13);  // A node that overwrites an initialiser.
    model.input("x", {2});
    model.constant("w", {2}, Floats{1, 2});
    model.node("Relu", {"x"}, {"w"});
    model.output("w");
    expect_refused(model.import(), Code::kCorrupt, {"\"w\""});
  }
  {
    ModelBuilder model(13);
    model.input("x", {2});
    model.node("Add", {"x", "nowhere"}, {"y"});
    model.output("y");
    expect_refused(model.import(), Code::kCorrupt, {"nowhere", "nothing produces"});
  }
  {
    ModelBuilder model(13);
    model.input("x", {2});
    model.output("nowhere");
    expect_refused(model.import(), Code::kCorrupt, {"nowhere"});
  }
  {
    ModelBuilder model(13);
    model.input("x", {2});
    expect_refused(model.import(), Code::kCorrupt, {"no output"});
  }
  {
    ModelBuilder model(13);
    model.input("x", {2});
    model.input("x", {2});
    model.node("Relu", {"x"}, {"y"});
    model.output("y");
    expect_refused(model.import(), Code::kCorrupt, {"listed twice"});
  }
}

TEST(Importer, ReadsFilesAndReportsThoseItCannot) {
  const auto folder = std::filesystem::temp_directory_path();
  const auto path = folder / ("pawl_importer_" + std::to_string(::getpid()) + ".onnx");
  ModelBuilder model(13);
  model.input("x", {2});
  model.node("Relu", {"x"}, {"y"});
  model.output("y");
  std::ofstream(path, std::ios::binary) << model.bytes();
  EXPECT_TRUE(import_onnx(path).ok());
  ImportOptions options;
  options.file_bytes_max = 10;
  expect_refused(import_onnx(path, options), Code::kExhausted, {"limit of 10"});
  std::ofstream(path, std::ios::binary) << "this is a picture";
  expect_refused(import_onnx(path), Code::kCorrupt, {path.string(), "not an ONNX model"});
  std::ofstream(path, std::ios::binary) << "";
  expect_refused(import_onnx(path), Code::kCorrupt, {"not an ONNX model"});
  std::filesystem::remove(path);
  expect_refused(import_onnx(path), Code::kNotFound, {path.string()});
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);  // not waited for
  expect_refused(import_onnx(path), Code::kIo, {path.string(), "FIFO"});
  std::filesystem::remove(path);
}

// Folding is bounded: a large product of constants stays a node.
TEST(Importer, LeavesExpensiveConstantsUnfolded) {
  ModelBuilder model(13);
  model.constant("one", {1}, Floats{1});
  model.constant("shape", {2}, Ints{4096, 4096});
  model.node("Expand", {"one", "shape"}, {"a"});
  model.node("MatMul", {"a", "a"}, {"y"});
  model.output("y");
  const auto graph = model.import();
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  ASSERT_EQ(graph.value().nodes.size(), 1U);
  EXPECT_EQ(graph.value().nodes[0].op, Op::kMatMul);
}

}  // namespace
}  // namespace pawl::engine::test
