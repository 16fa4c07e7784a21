// Proves that the metric is COCO's: hand-computed cases, the rules for ignored boxes and crowds,
// and agreement with pycocotools 2.0 on a generated set of awkward boxes.
#include "apps/pawl/eval_metric.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace pawl::program {
namespace {

TruthBox truth(int32_t class_id, float x1, float y1, float x2, float y2) {
  return {.class_id = class_id, .x1 = x1, .y1 = y1, .x2 = x2, .y2 = y2};
}

ScoredBox scored(int32_t class_id, float score, float x1, float y1, float x2, float y2) {
  return {class_id, score, x1, y1, x2, y2};
}

TEST(EvalMetric, PerfectDetectionsScoreOne) {
  const std::vector<EvaluatedImage> images = {
      {{truth(0, 0, 0, 10, 10), truth(1, 5, 5, 30, 30)},
       {scored(1, 0.4F, 5, 5, 30, 30), scored(0, 0.9F, 0, 0, 10, 10)}}};
  const Metric metric = evaluate(images);
  EXPECT_DOUBLE_EQ(metric.map50, 1.0);
  EXPECT_NEAR(metric.map50_95, 1.0, 1e-12);
  ASSERT_EQ(metric.classes.size(), 2U);
  EXPECT_DOUBLE_EQ(metric.classes[0].precision, 1.0);
  EXPECT_DOUBLE_EQ(metric.classes[0].recall, 1.0);
  EXPECT_NEAR(metric.classes[1].threshold, 0.4, 1e-6);
}

TEST(EvalMetric, NothingFoundScoresZeroAndNothingToFindIsLeftOut) {
  const std::vector<EvaluatedImage> images = {{{truth(2, 0, 0, 10, 10)}, {}},
                                              {{}, {scored(7, 0.9F, 0, 0, 5, 5)}}};
  const Metric metric = evaluate(images);
  ASSERT_EQ(metric.classes.size(), 1U);
  EXPECT_EQ(metric.classes[0].class_id, 2);
  EXPECT_EQ(metric.classes[0].map50, 0.0);
  EXPECT_EQ(metric.classes[0].threshold, 0.0);
  EXPECT_TRUE(evaluate({}).classes.empty());
}

// Truth 10x10; the detection covers 6 of its 10 rows and nothing else: IoU 0.6, which passes the
// thresholds 0.50, 0.55 and 0.60.
TEST(EvalMetric, OverlapDecidesThresholdByThreshold) {
  const std::vector<EvaluatedImage> images = {
      {{truth(0, 0, 0, 10, 10)}, {scored(0, 0.5F, 0, 0, 10, 6)}}};
  const Metric metric = evaluate(images);
  EXPECT_DOUBLE_EQ(metric.map50, 1.0);
  EXPECT_NEAR(metric.map50_95, 0.3, 1e-12);
}

// Order by score: right, wrong, right; two truths. Precision 1, 1/2, 2/3 at recall 1/2, 1/2, 1.
// Recalls 0 .. 0.50 (51 points) read 1, the other 50 read 2/3.
TEST(EvalMetric, PrecisionIsReadAt101Recalls) {
  const std::vector<EvaluatedImage> images = {
      {{truth(0, 0, 0, 10, 10), truth(0, 50, 50, 60, 60)},
       {scored(0, 0.9F, 0, 0, 10, 10), scored(0, 0.8F, 100, 100, 120, 120),
        scored(0, 0.7F, 50, 50, 60, 60)}}};
  const Metric metric = evaluate(images);
  EXPECT_NEAR(metric.map50, (51.0 + 50.0 * 2.0 / 3.0) / 101.0, 1e-12);
  EXPECT_NEAR(metric.classes[0].f1, 0.8, 1e-12);  // 2 * (2/3) * 1 / (2/3 + 1)
  EXPECT_NEAR(metric.classes[0].threshold, 0.7, 1e-6);
}

TEST(EvalMetric, SecondDetectionOfATruthIsWrong) {
  const std::vector<EvaluatedImage> images = {
      {{truth(0, 0, 0, 10, 10), truth(0, 50, 50, 60, 60)},
       {scored(0, 0.9F, 0, 0, 10, 10), scored(0, 0.8F, 0, 0, 10, 10),
        scored(0, 0.7F, 50, 50, 60, 60)}}};
  EXPECT_NEAR(evaluate(images).map50, (51.0 + 50.0 * 2.0 / 3.0) / 101.0, 1e-12);
}

TEST(EvalMetric, IgnoredTruthCountsNeitherAsFoundNorAsMissed) {
  TruthBox difficult = truth(0, 50, 50, 60, 60);
  difficult.ignore = true;
  std::vector<EvaluatedImage> images = {
      {{difficult, truth(0, 0, 0, 10, 10)},
       {scored(0, 0.9F, 50, 50, 60, 60), scored(0, 0.8F, 0, 0, 10, 10)}}};
  EXPECT_DOUBLE_EQ(evaluate(images).map50, 1.0);
  EXPECT_EQ(evaluate(images).classes[0].truths, 1);
  // A second one on the same difficult box finds it taken, and is wrong.
  images[0].detections.push_back(scored(0, 0.85F, 50, 50, 60, 60));
  EXPECT_DOUBLE_EQ(evaluate(images).map50, 0.5);
  // A crowd may be taken many times, by boxes that lie within it.
  images[0].truth[0].crowd = true;
  images[0].detections.push_back(scored(0, 0.84F, 52, 52, 55, 55));
  EXPECT_DOUBLE_EQ(evaluate(images).map50, 1.0);
}

TEST(EvalMetric, OneHundredDetectionsAnImageAndClass) {
  EvaluatedImage image{{truth(0, 0, 0, 10, 10)}, {}};
  for (int i = 0; i < 100; ++i) image.detections.push_back(scored(0, 0.9F, 500, 500, 510, 510));
  image.detections.push_back(scored(0, 0.5F, 0, 0, 10, 10));  // the 101st
  EXPECT_EQ(evaluate(std::vector<EvaluatedImage>{image}).map50, 0.0);
  image.detections[0].class_id = 1;  // now it is among the first hundred
  EXPECT_NEAR(evaluate(std::vector<EvaluatedImage>{image}).map50, 0.01, 1e-12);
}

// Numbers that are the same on every machine; the cross-check's script makes the same boxes.
class Sequence {
 public:
  uint32_t next(uint32_t limit) {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<uint32_t>(state_ >> 33) % limit;
  }
  float number(uint32_t limit) { return static_cast<float>(next(limit * 4)) * 0.25F; }

 private:
  uint64_t state_ = 20240601;
};

// Forty images, five classes, shifted copies of the truth among false alarms, equal scores, crowds.
std::vector<EvaluatedImage> generated_set() {
  Sequence sequence;
  std::vector<EvaluatedImage> images(40);
  for (EvaluatedImage& image : images) {
    const uint32_t truths = sequence.next(8);
    for (uint32_t i = 0; i < truths; ++i) {
      TruthBox box;
      box.class_id = static_cast<int32_t>(sequence.next(5));
      box.x1 = sequence.number(200);
      box.y1 = sequence.number(200);
      box.x2 = box.x1 + 1.0F + sequence.number(100);
      box.y2 = box.y1 + 1.0F + sequence.number(100);
      box.crowd = sequence.next(12) == 0;
      box.ignore = box.crowd;
      image.truth.push_back(box);
      const uint32_t copies = sequence.next(3);
      for (uint32_t c = 0; c < copies; ++c) {
        ScoredBox copy;
        copy.class_id =
            sequence.next(10) == 0 ? static_cast<int32_t>(sequence.next(5)) : box.class_id;
        copy.score = static_cast<float>(1 + sequence.next(64)) / 64.0F;
        copy.x1 = box.x1 + sequence.number(12);
        copy.y1 = box.y1 + sequence.number(12);
        copy.x2 = copy.x1 + (box.x2 - box.x1) + sequence.number(12);
        copy.y2 = copy.y1 + (box.y2 - box.y1) + sequence.number(12);
        image.detections.push_back(copy);
      }
    }
    const uint32_t alarms = sequence.next(4);
    for (uint32_t i = 0; i < alarms; ++i) {
      ScoredBox alarm;
      alarm.class_id = static_cast<int32_t>(sequence.next(5));
      alarm.score = static_cast<float>(1 + sequence.next(64)) / 64.0F;
      alarm.x1 = sequence.number(200);
      alarm.y1 = sequence.number(200);
      alarm.x2 = alarm.x1 + 1.0F + sequence.number(100);
      alarm.y2 = alarm.y1 + 1.0F + sequence.number(100);
      image.detections.push_back(alarm);
    }
  }
  return images;
}

TEST(EvalMetric, AgreesWithPycocotools) {
  const Metric metric = evaluate(generated_set());
  // COCOeval(iouType="bbox"): stats[1] and stats[0], then mean precision[:, :, k, all, 100].
  constexpr double kMap50 = 0.14950321080820925;
  constexpr double kMap = 0.044610945895503525;
  constexpr double kClasses[5] = {0.05849293009456085, 0.03193105517448297, 0.023186961553298188,
                                  0.08295679567956797, 0.026486986975607738};
  EXPECT_NEAR(metric.map50, kMap50, 1e-9);
  EXPECT_NEAR(metric.map50_95, kMap, 1e-9);
  ASSERT_EQ(metric.classes.size(), 5U);
  for (size_t i = 0; i < 5; ++i) EXPECT_NEAR(metric.classes[i].map50_95, kClasses[i], 1e-9) << i;
}

}  // namespace
}  // namespace pawl::program
