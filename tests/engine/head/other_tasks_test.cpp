// Proves: what finds more than boxes, or no boxes at all, is refused in one line that names it and
// says what to do, with or without metadata; plain detectors with unusual outputs are not.
#include "engine/head/other_tasks.h"

#include <gtest/gtest.h>

#include <string>

namespace pawl::engine {
namespace {

using Source = OutputPart::Source;

OutputPart part(int64_t extent, Source source) {
  return {.extent = extent, .source = source, .whole = true};
}

ModelOutline model_of(const std::vector<std::vector<int64_t>>& outputs) {
  ModelOutline model;
  model.input_shape = {1, 3, 640, 640};
  for (size_t i = 0; i < outputs.size(); ++i) {
    model.outputs.push_back({.name = "output" + std::to_string(i), .shape = outputs[i]});
  }
  return model;
}

ModelOutline with_parts(ModelOutline model, size_t axis, AxisParts parts) {
  model.outputs[0].parts.assign(model.outputs[0].shape.size(), {});
  model.outputs[0].parts[axis] = std::move(parts);
  return model;
}

std::string refusal(const ModelOutline& model, int64_t named = 0) {
  const platform::Status status = refuse_other_tasks(model, named);
  EXPECT_FALSE(status.ok());
  if (status.ok()) return "";
  EXPECT_EQ(status.error().code, platform::Code::kUnsupported);
  EXPECT_EQ(status.error().message.find('\n'), std::string::npos);
  EXPECT_NE(status.error().message.find("--head none"), std::string::npos);
  return status.error().message;
}

void expect_says(const std::string& message, const std::string& text) {
  EXPECT_NE(message.find(text), std::string::npos) << text << " in " << message;
}

const AxisParts kBoxes80 = {part(4, Source::kArithmetic), part(80, Source::kSigmoid)};

AxisParts behind(AxisParts parts, OutputPart last) {
  parts.push_back(last);
  return parts;
}

TEST(OtherTasks, Metadata) {
  for (const char* task : {"segment", "pose", "obb", "classify"}) {
    ModelOutline model = model_of({{1, 84, 8400}});
    model.metadata["task"] = task;
    expect_says(refusal(model, 80), std::string("'") + task + "'");
  }
  ModelOutline model = model_of({{1, 116, 8400}, {1, 32, 160, 160}});
  model.metadata["task"] = "pose\n\x1B[31m" + std::string(5000, 'x');
  EXPECT_LT(refusal(model).size(), 300U);
}

TEST(OtherTasks, KeypointsInTheMetadataAreAPose) {
  ModelOutline model = model_of({{1, 56, 525}});
  model.metadata["kpt_shape"] = "[17, 3]";
  expect_says(refusal(model, 0), "kpt_shape '[17, 3]'");
  model.metadata["task"] = " Detect ";  // says that it is none
  EXPECT_TRUE(refuse_other_tasks(model, 0).ok());
  model.metadata["task"] = "detec";
  expect_says(refusal(model, 0), "'detec'");
}

TEST(OtherTasks, SegmentationBySecondOutput) {
  // v8 and its kin; YOLOv5; the best 300 of an end-to-end one; the maps first.
  for (const auto& outputs :
       std::vector<std::vector<std::vector<int64_t>>>{{{1, 116, 8400}, {1, 32, 160, 160}},
                                                      {{1, 25200, 117}, {1, 32, 160, 160}},
                                                      {{1, 300, 38}, {1, 32, 160, 160}},
                                                      {{1, 32, 160, 160}, {1, 116, 8400}},
                                                      {{1, 37, 34000}, {1, 32, 320, 320}}}) {
    expect_says(refusal(model_of(outputs)), "mask prototypes");
    expect_says(refusal(model_of(outputs)), "32 numbers a box");
    expect_says(refusal(model_of(outputs), 1), "segments");
  }
  // Names for every score: no number is left for masks.
  EXPECT_TRUE(refuse_other_tasks(model_of({{1, 116, 8400}, {1, 32, 160, 160}}), 112).ok());
  EXPECT_TRUE(refuse_other_tasks(model_of({{1, 25200, 117}, {1, 32, 160, 160}}), 112).ok());
  // Too many channels for prototypes, another size, several maps: a detector with more outputs.
  EXPECT_TRUE(refuse_other_tasks(model_of({{1, 84, 8400}, {1, 144, 160, 160}}), 0).ok());
  EXPECT_TRUE(refuse_other_tasks(model_of({{1, 84, 8400}, {1, 64, 80, 80}}), 0).ok());
  EXPECT_TRUE(refuse_other_tasks(model_of({{1, 25200, 6}, {1, 2, 640, 640}}), 0).ok());
  EXPECT_TRUE(
      refuse_other_tasks(model_of({{1, 84, 8400}, {1, 2, 80, 80}, {1, 2, 160, 160}}), 0).ok());
}

TEST(OtherTasks, NumbersBehindTheClasses) {
  const ModelOutline masks = model_of({{1, 116, 8400}, {1, 32, 160, 160}});
  expect_says(refusal(with_parts(masks, 1, behind(kBoxes80, part(32, Source::kConvolution)))),
              "mask prototypes");

  const ModelOutline pose = model_of({{1, 56, 8400}});
  const AxisParts person = {part(4, Source::kArithmetic), part(1, Source::kSigmoid),
                            part(51, Source::kUnknown)};
  expect_says(refusal(with_parts(pose, 1, person)), "17 keypoints");
  expect_says(refusal(with_parts(pose, 1, person), 1), "17 keypoints");
  const ModelOutline pairs = model_of({{1, 8400, 4 + 3 + 8}});
  expect_says(refusal(with_parts(pairs, 2,
                                 {part(4, Source::kArithmetic), part(3, Source::kSigmoid),
                                  part(8, Source::kArithmetic)})),
              "4 keypoints");

  ModelOutline angle = with_parts(
      model_of({{1, 20, 8400}}), 1,
      {part(4, Source::kArithmetic), part(15, Source::kSigmoid), part(1, Source::kArithmetic)});
  expect_says(refusal(angle), "neither box nor class score");
  angle.outputs[0].rotated = true;
  expect_says(refusal(angle), "oriented boxes");
  expect_says(refusal(angle, 15), "oriented boxes");
  // Of one class: not objectness and a class, for the two were not computed alike.
  ModelOutline one = with_parts(
      model_of({{1, 6, 8400}}), 1,
      {part(4, Source::kArithmetic), part(1, Source::kSigmoid), part(1, Source::kArithmetic)});
  one.outputs[0].rotated = true;
  expect_says(refusal(one, 1), "oriented boxes");
  // The sine alone, where parts are unknown.
  ModelOutline sine = model_of({{1, 20, 8400}});
  sine.outputs[0].rotated = true;
  expect_says(refusal(sine), "oriented boxes");

  // End to end: class index, then more.
  AxisParts ranked = {part(4, Source::kArithmetic), part(1, Source::kUnknown),
                      part(1, Source::kIndex)};
  expect_says(
      refusal(with_parts(model_of({{1, 300, 7}}), 2, behind(ranked, part(1, Source::kArithmetic)))),
      "oriented boxes");
  expect_says(
      refusal(with_parts(model_of({{1, 300, 57}}), 2, behind(ranked, part(51, Source::kUnknown)))),
      "17 keypoints");
  EXPECT_TRUE(refuse_other_tasks(with_parts(model_of({{1, 300, 6}}), 2, ranked), 0).ok());
}

TEST(OtherTasks, DetectorsPass) {
  EXPECT_TRUE(refuse_other_tasks(with_parts(model_of({{1, 84, 8400}}), 1, kBoxes80), 0).ok());
  for (const Source box : {Source::kConvolution, Source::kArithmetic, Source::kUnknown}) {
    for (const Source objectness : {Source::kSigmoid, Source::kConstant}) {
      const AxisParts rows = {part(4, box), part(1, objectness), part(80, Source::kSigmoid)};
      EXPECT_TRUE(refuse_other_tasks(with_parts(model_of({{1, 8400, 85}}), 2, rows), 0).ok());
    }
  }
  // Classes of two convolutions.
  const AxisParts two = {part(4, Source::kArithmetic), part(20, Source::kSigmoid),
                         part(60, Source::kSigmoid)};
  EXPECT_TRUE(refuse_other_tasks(with_parts(model_of({{1, 84, 8400}}), 1, two), 0).ok());
  ModelOutline says =
      with_parts(model_of({{1, 116, 8400}}), 1, behind(kBoxes80, part(32, Source::kConvolution)));
  refusal(says);
  says.metadata["task"] = "detect";
  EXPECT_TRUE(refuse_other_tasks(says, 0).ok());
}

TEST(OtherTasks, ClassifiersAndFractions) {
  expect_says(refusal(model_of({{1, 1000}})), "classifies");
  expect_says(refusal(model_of({{1, 1000}, {1, 7}})), "classifies");
  ModelOutline detr = with_parts(model_of({{1, 300, 84}}), 2,
                                 {part(4, Source::kSigmoid), part(80, Source::kSigmoid)});
  expect_says(refusal(detr, 80), "fractions of the input");
  detr.metadata["task"] = "detect";
  expect_says(refusal(detr, 80), "fractions of the input");
}

}  // namespace
}  // namespace pawl::engine
