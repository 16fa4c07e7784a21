// Proves: the shapes of every family are recognised with the right layout, code, strides and
// preprocessing; what shapes leave open is settled by names and nodes, or is an error that lists
// the readings; what is not a detector, or is hostile, ends in an error that says what to do.
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

using Source = OutputPart::Source;

// What the nodes say about the numbers of one box, of output 0 along `axis`.
ModelOutline with_parts(ModelOutline model, size_t axis, AxisParts parts) {
  model.outputs[0].parts.assign(model.outputs[0].shape.size(), {});
  model.outputs[0].parts[axis] = std::move(parts);
  return model;
}

OutputPart part(int64_t extent, Source source, bool whole = true) {
  return {.extent = extent, .source = source, .whole = whole};
}

AxisParts yolox_parts(int64_t classes, Source box = Source::kConvolution) {
  return {part(4, box), part(1, Source::kSigmoid), part(classes, Source::kSigmoid)};
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
  model.exported_width = model.exported_height = 640;
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

  ModelOutline nano = with_parts(model_of({{1, 3549, 85}}, 416, 416), 2, yolox_parts(80));
  const HeadGuess yolox = guessed(nano);
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

  ModelOutline decoded = with_parts(nano, 2, yolox_parts(80, Source::kArithmetic));
  decoded.outputs[0].exp = true;
  EXPECT_EQ(guessed(decoded).head.box, BoxCode::kCxcywh);
  EXPECT_EQ(guessed(decoded).family, "yolox");

  HeadOverrides v6;
  ASSERT_TRUE(parse_head("yolov6", &v6).ok());
  const HeadGuess six = guessed(model_of({{1, 8400, 85}}), v6);
  EXPECT_EQ(six.head.box, BoxCode::kCxcywh);
  EXPECT_TRUE(six.head.objectness);
  EXPECT_EQ(six.pre.fit, Fit::kLetterboxCentred);
}

// Names settle what shapes leave open; where they do not, the error lists what fits and the option.
TEST(HeadGuess, TiesAreQuestions) {
  ModelOutline rows = model_of({{1, 8400, 84}});
  const std::string open = error_of(rows);
  for (const char* text : {"'output0' (1, 8400, 84)", "yolox (79 classes)", "yolov6 (79 classes)",
                           "yolov8-rows (80 classes)", "--head", "--labels"}) {
    EXPECT_NE(open.find(text), std::string::npos) << text << " in " << open;
  }
  for (const char* key : {"names", "nc", "nb_classes", "num_classes"}) {
    rows.metadata = {{key, std::string(key) == "names" ? names_of(80) : "80"}};
    EXPECT_EQ(guessed(rows).family, "yolov8-rows") << key;
    EXPECT_FALSE(guessed(rows).head.objectness);
    EXPECT_EQ(guessed(rows).head.classes, 80);
  }
  HeadOverrides labels;
  labels.labels.assign(80, "x");
  rows.metadata.clear();
  EXPECT_EQ(guessed(rows, labels).family, "yolov8-rows");

  // 79 names leave yolox and yolov6, which --labels cannot tell apart.
  rows.metadata = {{"names", names_of(79)}};
  const std::string two = error_of(rows);
  EXPECT_NE(two.find("yolox (79 classes) or yolov6 (79 classes)"), std::string::npos) << two;
  EXPECT_EQ(two.find("yolov8-rows"), std::string::npos) << two;
  EXPECT_EQ(two.find("--labels"), std::string::npos) << two;
  for (const char* head : {"yolox", "yolov6", "yolov8-rows"}) {
    HeadOverrides said;
    said.head = head;
    EXPECT_EQ(guessed(model_of({{1, 8400, 84}}), said).family, head);
  }
  // Names that fit none of them are part of the question.
  rows.metadata = {{"names", names_of(7)}};
  EXPECT_NE(error_of(rows).find("it names 7 classes"), std::string::npos) << error_of(rows);

  // Raw maps whose anchors could be either family's; boxes and scores of two.
  const std::string anchors =
      error_of(model_of({{1, 3, 80, 80, 85}, {1, 3, 40, 40, 85}, {1, 3, 20, 20, 85}}));
  EXPECT_NE(anchors.find("yolov5-maps (80 classes) or yolov7-maps"), std::string::npos) << anchors;
  const std::string apart = error_of(model_of({{1, 8400, 4}, {1, 8400, 80}}));
  EXPECT_NE(apart.find("yolonas (80 classes) or damoyolo"), std::string::npos) << apart;
}

// The nodes in front of an output settle it too, and against them nothing is read.
TEST(HeadGuess, NodesSettleRows) {
  const ModelOutline rows = model_of({{1, 8400, 84}});
  const AxisParts v8 = {part(2, Source::kArithmetic, false), part(2, Source::kArithmetic, false),
                        part(80, Source::kSigmoid)};
  EXPECT_EQ(guessed(with_parts(rows, 2, v8)).family, "yolov8-rows");
  const AxisParts v6 = {part(4, Source::kArithmetic, false), part(1, Source::kConstant, false),
                        part(79, Source::kSigmoid)};
  EXPECT_EQ(guessed(with_parts(rows, 2, v6)).family, "yolov6");
  const AxisParts always = {part(4, Source::kConvolution), part(1, Source::kConstant, false),
                            part(79, Source::kSigmoid)};
  EXPECT_EQ(guessed(with_parts(rows, 2, always)).family, "yolov6");
  EXPECT_EQ(guessed(with_parts(rows, 2, yolox_parts(79))).family, "yolox");
  // One convolution for everything tells the box from the rest and no more.
  const AxisParts one = {part(4, Source::kArithmetic, false), part(80, Source::kSigmoid, false)};
  const std::string open = error_of(with_parts(rows, 2, one));
  EXPECT_NE(open.find("yolov6 (79 classes) or yolov8-rows (80 classes)"), std::string::npos)
      << open;
  // Names against the nodes: both are named.
  ModelOutline against = with_parts(rows, 2, v8);
  against.metadata = {{"names", names_of(79)}};
  const std::string message = error_of(against);
  EXPECT_NE(message.find("names 79 classes"), std::string::npos) << message;
  EXPECT_NE(message.find("yolov8-rows head with 80 classes"), std::string::npos) << message;
  // The user's word is above the nodes'.
  HeadOverrides said;
  said.head = "yolox";
  EXPECT_EQ(guessed(with_parts(rows, 2, v8), said).head.classes, 79);

  // As many cells as numbers a box, so that the shape reads both ways.
  const ModelOutline square = model_of({{1, 84, 84}}, 64, 64);
  error_of(square);
  const AxisParts levels = {part(64, Source::kUnknown, false), part(16, Source::kUnknown, false),
                            part(4, Source::kUnknown, false)};
  ModelOutline columns = with_parts(square, 1, v8);
  columns.outputs[0].parts[2] = levels;
  EXPECT_EQ(guessed(columns).family, "yolov8");
  ModelOutline across = with_parts(square, 2, v8);
  across.outputs[0].parts[1] = levels;
  EXPECT_EQ(guessed(across).family, "yolov8-rows");
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
  EXPECT_EQ(guessed(with_parts(model_of({{1, 8400, 6}}), 2, yolox_parts(1))).family, "yolox");
  EXPECT_NE(error_of(model_of({{1, 8400, 6}})).find("yolov8-rows (2 classes)"), std::string::npos);
}

// (1, K, 6) of one or two classes is also objectness and a class, or two classes, of K cells.
TEST(HeadGuess, EndToEndWithFewClasses) {
  const AxisParts corners = {part(2, Source::kArithmetic, false),
                             part(2, Source::kArithmetic, false), part(1, Source::kUnknown, false),
                             part(1, Source::kIndex, false)};
  for (const int classes : {0, 1, 2, 80}) {
    for (const int64_t rows : {30, 63, 84, 252, 300}) {
      for (const bool traced : {false, true}) {
        ModelOutline model = model_of({{1, rows, 6}}, 64, 64);
        if (traced) model = with_parts(model, 2, corners);
        model.outputs[0].ranked = true;
        if (classes > 0) model.metadata["names"] = names_of(classes);
        model.metadata["stride"] = "32";
        const HeadGuess guess = guessed(model);
        EXPECT_EQ(guess.family, "end2end") << classes << " classes, " << rows << " rows";
        EXPECT_EQ(guess.head.layout, OutputLayout::kEndToEnd);
        EXPECT_FALSE(guess.head.nms);
        EXPECT_EQ(guess.head.classes, classes > 0 ? classes : 1024);
      }
    }
  }
  // Nothing but the shape: 84 rows are all cells of 64x64, and 30 could be the best 30.
  ModelOutline model = model_of({{1, 84, 6}}, 64, 64);
  for (const char* reading :
       {"yolox (1 class)", "yolov6 (1 class)", "yolov8-rows (2 classes)", "or end2end", "--head"}) {
    EXPECT_NE(error_of(model).find(reading), std::string::npos) << error_of(model);
  }
  model = model_of({{1, 30, 6}}, 64, 64);
  model.metadata["names"] = names_of(1);
  EXPECT_NE(error_of(model).find("end2end"), std::string::npos) << error_of(model);
  // Rows that no TopK chose, with scores behind sigmoids: not end to end, whatever their number.
  model = with_parts(model_of({{1, 30, 6}}, 64, 64), 2,
                     {part(4, Source::kArithmetic), part(2, Source::kSigmoid)});
  EXPECT_NE(error_of(model).find("--head"), std::string::npos);
  model.metadata["names"] = names_of(2);
  EXPECT_EQ(guessed(model).family, "yolov8-rows");
  // The best rows before suppression: scores, not an index, behind the boxes.
  model.outputs[0].ranked = true;
  EXPECT_EQ(guessed(model).family, "yolov8-rows");
  model.metadata["end2end"] = "False";
  EXPECT_EQ(guessed(model).family, "yolov8-rows");
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
  // A network that normalises itself gets no mean twice.
  ModelOutline own = nano;
  own.pixels = {.range = PixelUse::Range::kBytes, .words = "the network does", .reversed = false};
  EXPECT_EQ(guessed(own).pre.mean[0], 0.0F);
  EXPECT_EQ(guessed(own).pre.mean[2], 0.0F);
  EXPECT_EQ(guessed(own).pre.scale[1], 1.0F);
  for (size_t i = 0; i < 3; ++i) nano.outputs[i].activation = OutputActivation::kSigmoid;
  EXPECT_FALSE(assumes(guessed(nano), "probabilities"));
  for (OutputOutline& output : nano.outputs) output.activation = OutputActivation::kNone;
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
  HeadOverrides maps;
  maps.head = "yolov5-maps";
  const HeadGuess anchors = guessed(v5, maps);
  EXPECT_EQ(anchors.family, "yolov5-maps");
  EXPECT_EQ(anchors.head.box, BoxCode::kYolov5);
  EXPECT_TRUE(anchors.head.scores_are_logits);
  ASSERT_EQ(anchors.levels.size(), 9U);
  EXPECT_EQ(anchors.levels[4].anchor_w, 62.0F);
  EXPECT_EQ(anchors.levels[4].anchor_h, 45.0F);
  EXPECT_EQ(anchors.levels[4].box.offset, 1600 * 85);
  EXPECT_TRUE(assumes(anchors, "anchors"));

  // An export with both takes the decoded output.
  ModelOutline both = v5;
  both.outputs.insert(both.outputs.begin() + 1, {"decoded", {1, 25200, 85}});
  const HeadGuess chosen = guessed(both);
  EXPECT_EQ(chosen.family, "yolov5");
  EXPECT_EQ(chosen.levels[0].box.output, 1);
  EXPECT_TRUE(assumes(chosen, "1 of the 4 outputs"));
}

TEST(HeadGuess, BoxesAndScores) {
  HeadOverrides nas;
  nas.head = "yolonas";
  const HeadGuess rows = guessed(model_of({{1, 8400, 4}, {1, 8400, 80}}), nas);
  EXPECT_EQ(rows.family, "yolonas");
  EXPECT_EQ(rows.levels[0].scores.pixel, 80);
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

  ModelOutline other = model_of({{1, 116, 8400}});
  other.metadata = {{"names", names_of(80)}};
  EXPECT_NE(error_of(other).find("names 80 classes"), std::string::npos);

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
  for (OutputOutline& output : sigmoid.outputs) output.activation = OutputActivation::kSigmoid;
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
    for (const char* key : {"names", "stride", "nc", "end2end"}) {
      if (random() % 3 == 0) model.metadata[key] = values[random() % std::size(values)];
    }
    for (OutputOutline& output : model.outputs) {
      if (random() % 2 == 0) continue;
      output.parts.resize(random() % 5);
      for (AxisParts& axis : output.parts) {
        for (uint64_t n = random() % 6; n > 0; --n) {
          axis.push_back(
              part(dims[random() % 10], static_cast<Source>(random() % 6), random() % 2 == 0));
        }
      }
      output.exp = random() % 4 == 0;
      output.ranked = random() % 4 == 0;
      output.rotated = random() % 16 == 0;
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
