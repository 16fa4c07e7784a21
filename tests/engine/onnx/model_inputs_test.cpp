// Proves: inputs beside the image are constants where their meaning is known, left out where
// nothing reads them, kept otherwise, and all of it is said; an open size is that of the metadata.
#include "engine/onnx/model_inputs.h"

#include <gtest/gtest.h>

#include "tests/engine/onnx/model_builder.h"

namespace pawl::engine::test {
namespace {

bool assumes(const Graph& graph, const std::string& text) {
  return std::any_of(graph.assumptions.begin(), graph.assumptions.end(),
                     [&](const std::string& line) { return line.find(text) != std::string::npos; });
}

void note(ModelBuilder* model, const std::string& key, const std::string& value) {
  auto* entry = model->model().add_metadata_props();
  entry->set_key(key);
  entry->set_value(value);
}

TEST(ModelInputs, UnreadOnesAreLeftOut) {
  for (const bool image_first : {true, false}) {
    for (const Ints& dims : {Ints{1, 2}, Ints{}, Ints{1, 3, 8, 8}, Ints{-1, -1}}) {
      ModelBuilder model(17);
      if (!image_first) model.input("unused", dims);
      model.input("images", {1, 3, 6, 8});
      if (image_first) model.input("unused", dims);
      model.node("Relu", {"images"}, {"y"});
      model.node("Neg", {"unused"}, {"nobody"});
      model.output("y");
      const auto graph = model.import();
      ASSERT_TRUE(graph.ok()) << graph.error().message;
      ASSERT_EQ(graph.value().inputs.size(), 1U);
      EXPECT_EQ(graph.value().value(graph.value().inputs[0]).name, "images");
      EXPECT_TRUE(assumes(graph.value(), "\"unused\" is ignored"));
    }
  }
}

TEST(ModelInputs, PaddlesAreConstants) {
  ModelBuilder model(13);
  model.input("im_shape", {-1, 2});
  model.input("image", {-1, 3, -1, -1});
  model.input("scale_factor", {1, 2});
  model.node("ReduceMean", {"image"}, {"mean"})
      .set("axes", Ints{1, 2, 3})
      .set("keepdims", int64_t{0});
  model.node("Div", {"mean", "scale_factor"}, {"a"});
  model.node("Mul", {"a", "im_shape"}, {"y"});
  model.output("y");
  ImportOptions options;
  options.input = InputSize{.width = 20, .height = 10};
  const auto graph = model.import(options);
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  ASSERT_EQ(graph.value().inputs.size(), 1U);
  EXPECT_TRUE(assumes(graph.value(), "\"scale_factor\" is taken as 1"));
  EXPECT_TRUE(
      assumes(graph.value(), "\"im_shape\" is taken as the size of the network's input, 20x10"));
  const Tensor image[] = {real_tensor({1, 3, 10, 20}, Floats(600, 3.0F))};
  const auto y = run_reference(graph.value(), image);
  ASSERT_TRUE(y.ok()) << y.error().message;
  expect_real(y.value(), {1, 2}, {30, 60}, 1e-4F);
}

TEST(ModelInputs, OthersStay) {
  struct Case {
    const char* name;
    Ints dims;
    int type;
  };
  for (const Case& c : {Case{"prompt", {1, 2}, TensorProto::FLOAT},
                        Case{"scale_factor", {1, 3}, TensorProto::FLOAT},
                        Case{"im_shape", {1, 2}, TensorProto::INT64}}) {
    ModelBuilder model(13);
    model.input("image", {1, 3, 4, 4});
    model.input(c.name, c.dims, c.type);
    model.node("Relu", {"image"}, {"y"});
    model.node("Identity", {c.name}, {"z"});
    model.output("y");
    model.output("z");
    const auto graph = model.import();
    ASSERT_TRUE(graph.ok()) << graph.error().message;
    EXPECT_EQ(graph.value().inputs.size(), 2U) << c.name;
  }
}

TEST(ModelInputs, OpenSizesAreThoseOfTheMetadata) {
  struct Case {
    Ints dims;
    const char* noted;
    Shape wanted;  // empty: refused
  };
  for (const Case& c :
       {Case{{1, 3, -1, -1}, "[384, 640]", {1, 3, 384, 640}},
        Case{{-1, 3, -1, -1}, "640", {1, 3, 640, 640}},
        Case{{1, 3, 384, -1}, "(384, 640)", {1, 3, 384, 640}},
        Case{{1, 3, -1, 640}, " 384,640 ", {1, 3, 384, 640}},
        Case{{-1, -1, -1, 3}, "[384, 640]", {1, 384, 640, 3}},
        Case{{1, 3, 320, 320}, "[384, 640]", {1, 3, 320, 320}},
        Case{{1, 3, 320, -1}, "[384, 640]", {}}, Case{{1, 3, -1, -1}, "", {}},
        Case{{1, 3, -1, -1}, "[640, 640, 3]", {}}, Case{{1, 3, -1, -1}, "[0, 640]", {}},
        Case{{1, 3, -1, -1}, "[-640, 640]", {}}, Case{{1, 3, -1, -1}, "[20000, 640]", {}},
        Case{{1, 3, -1, -1}, "[999999999999999999999, 640]", {}},
        Case{{1, 3, -1, -1}, "[640", {1, 3, 640, 640}}}) {
    ModelBuilder model(17);
    model.input("images", c.dims);
    model.node("Relu", {"images"}, {"y"});
    model.output("y");
    note(&model, "imgsz", c.noted);
    const auto graph = model.import();
    if (c.wanted.empty()) {
      expect_refused(graph, Code::kInvalidArgument, {"images", "--input"});
      continue;
    }
    ASSERT_TRUE(graph.ok()) << c.noted << ": " << graph.error().message;
    EXPECT_EQ(graph.value().value(graph.value().inputs[0]).shape, c.wanted);
    const bool open = c.dims[1] < 0 || c.dims[2] < 0 || c.dims[3] < 0;
    EXPECT_EQ(assumes(graph.value(), "imgsz"), open);
    ImportOptions options;
    options.input = InputSize{.width = 96, .height = 32};
    const auto said = model.import(options);
    ASSERT_TRUE(said.ok()) << said.error().message;
    EXPECT_FALSE(assumes(said.value(), "imgsz"));
    EXPECT_EQ(element_count(said.value().value(said.value().inputs[0]).shape), 3 * 32 * 96);
  }
}

}  // namespace
}  // namespace pawl::engine::test
