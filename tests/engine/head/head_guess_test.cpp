// Proves: the shapes of every family are recognised with the right layout, code, strides and
// preprocessing; what is ambiguous is settled by names or reported; what is not a detector, or is
// hostile, ends in an error that says what to do.
#include "engine/head/head_guess.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "engine/head/head_table.h"

namespace pawl::engine {
namespace {

using Shape = std::vector<int64_t>;

ModelOutline model_of(std::vector<Shape> outputs, int64_t height = 640, int64_t width = 640) {
  ModelOutline model;
  model.input_name = "images";
  model.input_shape = {1, 3, height, width};
  for (size_t i = 0; i < outputs.size(); ++i) {
    model.outputs.push_back({"output" + std::to_string(i), outputs[i]});
  }
  return model;
}

std::string names_of(int count) {
  std::string text = "{";
  for (int i = 0; i < count; ++i) text += std::to_string(i) + ": 'n" + std::to_string(i) + "', ";
  return text + "}";
}

HeadGuess guessed(const ModelOutline& model, const HeadOverrides& overrides = {}) {
  auto guess = guess_head(model, overrides);
  EXPECT_TRUE(guess.ok()) << (guess.ok() ? "" : guess.error().message);
  return guess.ok() ? std::move(guess).value() : HeadGuess{};
}

std::string error_of(const ModelOutline& model, const HeadOverrides& overrides = {}) {
  const auto guess = guess_head(model, overrides);
  EXPECT_FALSE(guess.ok()) << (guess.ok() ? guess.value().family : "");
  if (guess.ok()) return "";
  EXPECT_EQ(guess.error().message.find('\n'), std::string::npos);
  return guess.error().message;
}

bool assumes(const HeadGuess& guess, const char* text) {
  for (const std::string& line : guess.assumptions) {
    if (line.find(text) != std::string::npos) return true;
  }
  return false;
}

TEST(HeadGuess, UltralyticsColumns) {
  ModelOutline model = model_of({{1, 84, 8400}});
  model.metadata = {
      {"names", names_of(80)}, {"task", "detect"}, {"stride", "32"}, {"imgsz", "[640, 640]"}};
  const HeadGuess guess = guessed(model);
  EXPECT_EQ(guess.family, "yolov8");
  EXPECT_EQ(guess.head.layout, OutputLayout::kColumns);
  EXPECT_EQ(guess.head.box, BoxCode::kCxcywh);
  EXPECT_EQ(guess.head.classes, 80);
  EXPECT_FALSE(guess.head.objectness);
  EXPECT_TRUE(guess.head.nms);
  ASSERT_EQ(guess.levels.size(), 1U);
  EXPECT_EQ(guess.levels[0].count, 8400);
  EXPECT_EQ(guess.levels[0].box.pixel, 1);
  EXPECT_EQ(guess.levels[0].box.channel, 8400);
  EXPECT_EQ(guess.levels[0].scores.offset, 4 * 8400);
  ASSERT_EQ(guess.labels.size(), 80U);
  EXPECT_EQ(guess.labels[79], "n79");
  EXPECT_EQ(guess.pre.width, 640);
  EXPECT_TRUE(guess.pre.rgb);
  EXPECT_EQ(guess.pre.fit, Fit::kLetterboxCentred);
  EXPECT_TRUE(assumes(guess, "colour order RGB"));
  EXPECT_FALSE(assumes(guess, "exported for"));
  EXPECT_FALSE(assumes(guess, "same outputs"));

  // Another input size: 640x384 has 5040 cells. No names: classes are numbered, and that is said.
  const HeadGuess wide = guessed(model_of({{1, 10, 5040}}, 384, 640));
  EXPECT_EQ(wide.head.classes, 6);
  EXPECT_EQ(wide.labels[5], "class 5");
  EXPECT_TRUE(assumes(wide, "'class 5'"));
  model = model_of({{1, 84, 5040}}, 384, 640);
  model.metadata = {{"imgsz", "[640, 640]"}};
  EXPECT_TRUE(assumes(guessed(model), "exported for 640x640, used at 640x384"));

  // Four strides, and one class.
  EXPECT_EQ(guessed(model_of({{1, 5, 34000}})).family, "yolov8");
  EXPECT_EQ(guessed(model_of({{1, 5, 8500}})).family, "yolov8");
}

TEST(HeadGuess, RowsOfEveryFamily) {
  const HeadGuess v5 = guessed(model_of({{1, 25200, 85}}));
  EXPECT_EQ(v5.family, "yolov5");
  EXPECT_EQ(v5.head.box, BoxCode::kCxcywh);
  EXPECT_TRUE(v5.head.objectness);
  EXPECT_EQ(v5.head.classes, 80);
  EXPECT_EQ(v5.levels[0].objectness.offset, 4);
  EXPECT_EQ(v5.levels[0].scores.offset, 5);
  EXPECT_EQ(v5.levels[0].scores.pixel, 85);

  const HeadGuess yolox = guessed(model_of({{1, 3549, 85}}, 416, 416));
  EXPECT_EQ(yolox.family, "yolox");
  EXPECT_EQ(yolox.head.box, BoxCode::kYolox);
  ASSERT_EQ(yolox.levels.size(), 3U);
  EXPECT_EQ(yolox.levels[1].stride, 16.0F);
  EXPECT_EQ(yolox.levels[1].grid_width, 26);
  EXPECT_EQ(yolox.levels[1].box.offset, 52 * 52 * 85);
  EXPECT_EQ(yolox.levels[2].objectness.offset, (52 * 52 + 26 * 26) * 85 + 4);
  EXPECT_FALSE(yolox.pre.rgb);
  EXPECT_EQ(yolox.pre.fit, Fit::kLetterboxTopLeft);
  EXPECT_EQ(yolox.pre.scale[0], 1.0F);
  EXPECT_TRUE(assumes(yolox, "no Exp"));
  EXPECT_TRUE(assumes(yolox, "yolov6"));

  ModelOutline decoded = model_of({{1, 3549, 85}}, 416, 416);
  decoded.has_exp = true;
  EXPECT_EQ(guessed(decoded).head.box, BoxCode::kCxcywh);
  EXPECT_EQ(guessed(decoded).family, "yolox");

  HeadOverrides v6;
  ASSERT_TRUE(parse_head("yolov6", &v6).ok());
  const HeadGuess six = guessed(model_of({{1, 8400, 85}}), v6);
  EXPECT_EQ(six.head.box, BoxCode::kCxcywh);
  EXPECT_TRUE(six.head.objectness);
  EXPECT_EQ(six.pre.fit, Fit::kLetterboxCentred);

  // 84 columns: 79 classes and objectness, or 80 without; names decide.
  ModelOutline rows = model_of({{1, 8400, 84}});
  EXPECT_TRUE(assumes(guessed(rows), "yolov8-rows"));
  rows.metadata = {{"names", names_of(80)}};
  EXPECT_EQ(guessed(rows).family, "yolov8-rows");
  EXPECT_FALSE(guessed(rows).head.objectness);
  rows.metadata = {{"names", names_of(79)}};
  EXPECT_EQ(guessed(rows).family, "yolox");
}

TEST(HeadGuess, EndToEndAndItsLookalikes) {
  ModelOutline model = model_of({{1, 300, 6}});
  model.metadata = {{"names", names_of(80)}, {"end2end", "True"}};
  const HeadGuess guess = guessed(model);
  EXPECT_EQ(guess.family, "end2end");
  EXPECT_EQ(guess.head.layout, OutputLayout::kEndToEnd);
  EXPECT_FALSE(guess.head.nms);
  EXPECT_EQ(guess.head.classes, 80);
  EXPECT_EQ(guess.levels[0].scores.offset, 4);

  const HeadGuess nameless = guessed(model_of({{1, 300, 6}}));
  EXPECT_EQ(nameless.family, "end2end");
  EXPECT_TRUE(assumes(nameless, "number of classes"));
  EXPECT_EQ(nameless.labels.size(), static_cast<size_t>(nameless.head.classes));

  // Six columns, but as many rows as YOLOv5 has boxes: one class.
  EXPECT_EQ(guessed(model_of({{1, 25200, 6}})).family, "yolov5");
  EXPECT_EQ(guessed(model_of({{1, 8400, 6}})).family, "yolox");
}

TEST(HeadGuess, FeatureMaps) {
  // The order and names of a NanoDet export.
  ModelOutline nano = model_of(
      {{1, 2704, 80}, {1, 676, 80}, {1, 169, 80}, {1, 2704, 32}, {1, 676, 32}, {1, 169, 32}}, 416,
      416);
  const HeadGuess guess = guessed(nano);
  EXPECT_EQ(guess.family, "nanodet");
  EXPECT_EQ(guess.head.box, BoxCode::kDfl);
  EXPECT_EQ(guess.head.bins, 8);
  EXPECT_EQ(guess.head.cell_offset, 0.5F);
  EXPECT_FALSE(guess.head.scores_are_logits);
  EXPECT_TRUE(assumes(guess, "probabilities"));
  ASSERT_EQ(guess.levels.size(), 3U);
  EXPECT_EQ(guess.levels[0].stride, 8.0F);
  EXPECT_EQ(guess.levels[0].scores.output, 0);
  EXPECT_EQ(guess.levels[0].box.output, 3);
  EXPECT_EQ(guess.levels[2].stride, 32.0F);
  EXPECT_EQ(guess.levels[2].grid_width, 13);
  EXPECT_FALSE(guess.pre.rgb);
  EXPECT_FLOAT_EQ(guess.pre.mean[0], 103.53F);
  EXPECT_FLOAT_EQ(guess.pre.scale[2], 1.0F / 58.395F);
  for (size_t i = 0; i < 3; ++i) nano.outputs[i].activation = Activation::kSigmoid;
  EXPECT_FALSE(assumes(guessed(nano), "probabilities"));
  for (OutputOutline& output : nano.outputs) output.activation = Activation::kNone;
  EXPECT_TRUE(guessed(nano).head.scores_are_logits);

  // Four-dimensional maps, in any order, 32 classes beside 32 distances told apart by name.
  ModelOutline twins = model_of({{1, 32, 20, 20},
                                 {1, 32, 80, 80},
                                 {1, 32, 40, 40},
                                 {1, 32, 80, 80},
                                 {1, 32, 20, 20},
                                 {1, 32, 40, 40}});
  const char* names[] = {"box_32", "cls_8", "box_16", "box_8", "cls_32", "cls_16"};
  for (size_t i = 0; i < 6; ++i) twins.outputs[i].name = names[i];
  const HeadGuess told = guessed(twins);
  EXPECT_EQ(told.family, "nanodet");
  EXPECT_EQ(told.levels[0].box.output, 3);
  EXPECT_EQ(told.levels[0].scores.output, 1);
  EXPECT_EQ(told.levels[0].box.channel, 6400);
  EXPECT_EQ(told.levels[2].box.output, 0);

  const HeadGuess v8 = guessed(model_of({{1, 64, 80, 80},
                                         {1, 10, 80, 80},
                                         {1, 64, 40, 40},
                                         {1, 10, 40, 40},
                                         {1, 64, 20, 20},
                                         {1, 10, 20, 20}}));
  EXPECT_EQ(v8.family, "yolov8-maps");
  EXPECT_EQ(v8.head.bins, 16);
  EXPECT_EQ(v8.head.classes, 10);

  ModelOutline v5 = model_of({{1, 3, 80, 80, 85}, {1, 3, 40, 40, 85}, {1, 3, 20, 20, 85}});
  const HeadGuess anchors = guessed(v5);
  EXPECT_EQ(anchors.family, "yolov5-maps");
  EXPECT_EQ(anchors.head.box, BoxCode::kYolov5);
  EXPECT_TRUE(anchors.head.scores_are_logits);
  ASSERT_EQ(anchors.levels.size(), 9U);
  EXPECT_EQ(anchors.levels[4].anchor_w, 62.0F);
  EXPECT_EQ(anchors.levels[4].anchor_h, 45.0F);
  EXPECT_EQ(anchors.levels[4].box.offset, 1600 * 85);
  EXPECT_TRUE(assumes(anchors, "anchors"));
  EXPECT_TRUE(assumes(anchors, "yolov7-maps"));

  // An export with both takes the decoded output.
  ModelOutline both = v5;
  both.outputs.insert(both.outputs.begin() + 1, {"decoded", {1, 25200, 85}});
  const HeadGuess chosen = guessed(both);
  EXPECT_EQ(chosen.family, "yolov5");
  EXPECT_EQ(chosen.levels[0].box.output, 1);
  EXPECT_TRUE(assumes(chosen, "1 of the 4 outputs"));
}

TEST(HeadGuess, BoxesAndScores) {
  const HeadGuess rows = guessed(model_of({{1, 8400, 4}, {1, 8400, 80}}));
  EXPECT_EQ(rows.family, "yolonas");
  EXPECT_TRUE(assumes(rows, "damoyolo"));
  const HeadGuess across = guessed(model_of({{1, 8400, 4}, {1, 80, 8400}}));
  EXPECT_EQ(across.family, "ppyoloe");
  EXPECT_EQ(across.head.box, BoxCode::kXyxy);
  EXPECT_EQ(across.levels[0].scores.channel, 8400);
  EXPECT_EQ(across.pre.fit, Fit::kStretch);
}

TEST(HeadGuess, OverridesWin) {
  HeadOverrides overrides;
  ASSERT_TRUE(parse_pre("color=bgr,fit=stretch,pad=0,scale=1", &overrides).ok());
  const HeadGuess guess = guessed(model_of({{1, 84, 8400}}), overrides);
  EXPECT_FALSE(guess.pre.rgb);
  EXPECT_EQ(guess.pre.fit, Fit::kStretch);
  EXPECT_EQ(guess.pre.pad_value, 0);
  EXPECT_EQ(guess.pre.scale[1], 1.0F);
  EXPECT_FALSE(assumes(guess, "colour"));
  EXPECT_FALSE(assumes(guess, "fitted"));

  HeadOverrides none;
  ASSERT_TRUE(parse_head("none", &none).ok());
  const HeadGuess raw = guessed(model_of({{1, 1000}}), none);
  EXPECT_EQ(raw.family, "none");
  EXPECT_TRUE(raw.levels.empty());

  HeadOverrides wrong;
  ASSERT_TRUE(parse_head("yolov5", &wrong).ok());
  const std::string message = error_of(model_of({{1, 84, 8400}}), wrong);
  EXPECT_NE(message.find("(1, 3*cells, 5+classes)"), std::string::npos) << message;
  EXPECT_NE(message.find("(1, 84, 8400)"), std::string::npos) << message;
  wrong.head = "no-such-head";
  EXPECT_NE(error_of(model_of({{1, 84, 8400}}), wrong).find("valid are"), std::string::npos);

  HeadOverrides unit;
  ASSERT_TRUE(parse_pre("mean=0.485:0.456:0.406,std=0.229:0.224:0.225", &unit).ok());
  EXPECT_TRUE(assumes(guessed(model_of({{1, 84, 8400}}), unit), "below 1"));
}

TEST(HeadGuess, LabelsMustFit) {
  HeadOverrides overrides;
  overrides.labels = {"a", "b", "c", "d", "e", "f"};
  EXPECT_EQ(guessed(model_of({{1, 10, 8400}}), overrides).labels[5], "f");
  const std::string message = error_of(model_of({{1, 84, 8400}}), overrides);
  EXPECT_NE(message.find("names 6 classes"), std::string::npos) << message;
  EXPECT_NE(message.find("80 classes"), std::string::npos) << message;

  // A segmentation model without its task: 32 mask numbers too many.
  ModelOutline segments = model_of({{1, 116, 8400}, {1, 32, 160, 160}});
  segments.metadata = {{"names", names_of(80)}};
  EXPECT_NE(error_of(segments).find("names 80 classes"), std::string::npos);

  ModelOutline odd = model_of({{1, 7, 8400}});
  odd.metadata = {{"names", "{\"0\": \"a\", \"1\": \"two\\nlines\", \"2\": \"c\"}"}};
  const HeadGuess kept = guessed(odd);
  EXPECT_EQ(kept.labels, (std::vector<std::string>{"a", "class 1", "c"}));
  EXPECT_TRUE(assumes(kept, "no usable name"));
  EXPECT_TRUE(assumes(kept, "'class 1'"));

  for (const char* bad : {"{0: 'a'", "", "{0: 'a', 1: ['b']}", "nonsense"}) {
    ModelOutline model = model_of({{1, 6, 8400}});
    model.metadata = {{"names", bad}};
    const HeadGuess guess = guessed(model);
    EXPECT_TRUE(assumes(guess, "cannot be read")) << bad;
    EXPECT_EQ(guess.labels[1], "class 1");
  }
}

TEST(HeadGuess, RefusesWhatIsNoDetector) {
  ModelOutline segment = model_of({{1, 116, 8400}, {1, 32, 160, 160}});
  segment.metadata = {{"task", "segment"}};
  EXPECT_NE(error_of(segment).find("'segment'"), std::string::npos);
  segment.metadata = {{"task", "pose\n\x1B[31m" + std::string(5000, 'x')}};
  EXPECT_LT(error_of(segment).size(), 300U);

  EXPECT_NE(error_of(model_of({{1, 1000}})).find("--head"), std::string::npos);
  EXPECT_NE(error_of(model_of({{1, 84, 8401}})).find("(1, 84, 8401)"), std::string::npos);
  error_of(model_of({{1, 4, 8400}}));
  error_of(model_of({{2, 84, 8400}}));
  error_of(model_of({}));
  error_of(model_of({{1, 84, -1}}));
  error_of(model_of({{1, 84, 0}}));
  error_of(model_of({{1, std::numeric_limits<int64_t>::max(), 8400}}));
  error_of(model_of({{1 << 24, 1 << 24, 1 << 24, 1 << 24}}));
  error_of(model_of({Shape(5000, 1)}));
  error_of(model_of(std::vector<Shape>(100000, Shape{1, 84, 8400})));
  error_of(model_of({{1, 84, 8400}}, 0, 640));
  error_of(model_of({{1, 84, 8400}}, -1, 640));
  error_of(model_of({{1, 84, 8400}}, std::numeric_limits<int64_t>::max(), 640));
  ModelOutline nhwc = model_of({{1, 84, 8400}});
  nhwc.input_shape = {1, 640, 640, 3};
  EXPECT_NE(error_of(nhwc).find("(1, 640, 640, 3)"), std::string::npos);
  ModelOutline sigmoid = model_of({{1, 3, 80, 80, 85}, {1, 3, 40, 40, 85}, {1, 3, 20, 20, 85}});
  for (OutputOutline& output : sigmoid.outputs) output.activation = Activation::kSigmoid;
  HeadOverrides maps;
  maps.head = "yolov5-maps";
  EXPECT_NE(error_of(sigmoid, maps).find("sigmoid"), std::string::npos);
}

// Random shapes and metadata: an error, or a guess whose levels stay inside the outputs.
TEST(HeadGuess, SurvivesRandomModels) {
  std::mt19937 random(17);
  const int64_t dims[] = {1,  2,  3,   4,   5,   6,    20,   32,   40,    64,    80,
                          84, 85, 169, 300, 676, 2704, 3549, 8400, 10647, 25200, 1 << 20};
  const char* values[] = {"32",   "64",       "-1", "99999999999", "[640, 640]",
                          "True", "{0: 'a'}", "",   "640"};
  int recognised = 0;
  for (int i = 0; i < 30000; ++i) {
    std::vector<Shape> outputs(1 + random() % 6);
    for (Shape& shape : outputs) {
      shape.resize(1 + random() % 5, 1);
      for (size_t d = 1; d < shape.size(); ++d) shape[d] = dims[random() % std::size(dims)];
    }
    const int64_t side = i % 2 == 0 ? 640 : 416;
    ModelOutline model = model_of(outputs, side, side);
    for (const char* key : {"names", "stride", "imgsz", "end2end"}) {
      if (random() % 3 == 0) model.metadata[key] = values[random() % std::size(values)];
    }
    HeadOverrides overrides;
    if (i % 3 == 0) overrides.head = head_families()[random() % head_families().size()].name;
    const auto guess = guess_head(model, overrides);
    if (!guess.ok()) continue;
    ++recognised;
    std::vector<int64_t> floats;
    for (const Shape& shape : outputs) {
      int64_t size = 1;
      for (const int64_t d : shape) size *= d;
      floats.push_back(size);
    }
    if (guess.value().family == "none") continue;
    ASSERT_TRUE(check_levels(guess.value().head, guess.value().levels, floats).ok());
    ASSERT_EQ(guess.value().labels.size(), static_cast<size_t>(guess.value().head.classes));
  }
  EXPECT_GT(recognised, 500);
}

TEST(HeadTable, NamesAreUniqueAndFindable) {
  for (const HeadFamily& family : head_families()) {
    EXPECT_EQ(find_head_family(family.name), &family);
    EXPECT_NE(head_family_names().find(family.name), std::string::npos);
    EXPECT_GT(std::string(family.outputs).size(), 0U);
    EXPECT_EQ(family.shape == HeadShape::kAnchorMaps, family.anchors != nullptr);
  }
}

}  // namespace
}  // namespace pawl::engine
