// Proves the rule by which detections take truth boxes, on random crowded images: written down a
// second time from its definition, as a choice among candidates instead of a scan. Ignored boxes
// never displace one that counts, crowds may be taken often, the first of two equal scores goes
// first.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <random>

#include "apps/pawl/eval_metric.h"

namespace pawl::program {
namespace {

double overlap(const ScoredBox& d, const TruthBox& t) {
  const double w = std::min<double>(d.x2, t.x2) - std::max<double>(d.x1, t.x1);
  const double h = std::min<double>(d.y2, t.y2) - std::max<double>(d.y1, t.y1);
  if (w <= 0.0 || h <= 0.0) return 0.0;
  const double area_d = (double{d.x2} - double{d.x1}) * (double{d.y2} - double{d.y1});
  const double area_t = (double{t.x2} - double{t.x1}) * (double{t.y2} - double{t.y1});
  return w * h / (t.crowd ? area_d : area_d + area_t - w * h);
}

// AP of one class in one image at one threshold.
double average_precision(const EvaluatedImage& image, double threshold) {
  std::vector<size_t> order(image.detections.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return image.detections[a].score > image.detections[b].score;
  });
  const auto truths = static_cast<double>(std::count_if(
      image.truth.begin(), image.truth.end(), [](const TruthBox& t) { return !t.ignore; }));
  std::vector<bool> taken(image.truth.size(), false);
  std::vector<std::pair<double, double>> curve;  // recall, precision
  double found = 0.0;
  double wrong = 0.0;
  for (const size_t d : order) {
    // Of the free boxes that overlap enough: one that counts before any ignored, then the most.
    std::optional<size_t> best;
    for (const bool ignored : {false, true}) {
      for (size_t t = 0; t < image.truth.size(); ++t) {
        const TruthBox& box = image.truth[t];
        if (box.ignore != ignored || (taken[t] && !box.crowd)) continue;
        const double here = overlap(image.detections[d], box);
        if (here < threshold) continue;
        if (!best || here >= overlap(image.detections[d], image.truth[*best])) best = t;
      }
      if (best) break;
    }
    if (best) taken[*best] = true;
    if (best && image.truth[*best].ignore) continue;
    (best ? found : wrong) += 1.0;
    curve.emplace_back(found / truths, found / (found + wrong));
  }
  double sum = 0.0;
  for (int i = 0; i <= 100; ++i) {
    double precision = 0.0;
    for (const auto& [recall, at] : curve) {
      if (recall >= (i == 100 ? 1.0 : 0.01 * i)) precision = std::max(precision, at);
    }
    sum += precision;
  }
  return sum / 101.0;
}

// Boxes on a coarse grid: overlaps that are equal, and exactly at a threshold, are common.
EvaluatedImage crowded_image(uint32_t seed) {
  std::mt19937 random(seed);
  const auto pick = [&random](int below) {
    return static_cast<float>(random() % static_cast<uint32_t>(below));
  };
  EvaluatedImage image;
  for (int i = 0; i < 3 + static_cast<int>(random() % 8); ++i) {
    const float x = pick(6);
    const float y = pick(6);
    TruthBox box{.class_id = 0, .x1 = x, .y1 = y, .x2 = x + 4 + pick(5), .y2 = y + 4 + pick(5)};
    box.ignore = random() % 3 == 0;
    box.crowd = box.ignore && random() % 2 == 0;
    image.truth.push_back(box);
  }
  image.truth[0].ignore = image.truth[0].crowd = false;
  for (int i = 0; i < 12; ++i) {
    const TruthBox& near = image.truth[random() % image.truth.size()];
    const float score = 0.1F + 0.1F * pick(8);
    image.detections.push_back(
        {0, score, near.x1 + pick(2), near.y1 + pick(2), near.x2 + pick(2), near.y2 + pick(2)});
  }
  return image;
}

TEST(EvalMatching, AgreesWithTheRuleOnCrowdedImages) {
  for (uint32_t seed = 0; seed < 600; ++seed) {
    const EvaluatedImage image = crowded_image(seed);
    const Metric metric = evaluate(std::span(&image, 1));
    ASSERT_EQ(metric.classes.size(), 1U);
    double mean = 0.0;
    for (int i = 0; i < 10; ++i) {
      const double threshold = 0.5 + 0.05 * i;
      const double ap = average_precision(image, threshold);
      if (i == 0) {
        ASSERT_NEAR(metric.map50, ap, 1e-9) << "seed " << seed;
      }
      mean += ap / 10.0;
    }
    ASSERT_NEAR(metric.map50_95, mean, 1e-9) << "seed " << seed;
  }
}

TEST(EvalMatching, AnIgnoredBoxDisplacesNoneThatCounts) {
  // The detection overlaps the ignored box wholly and the other by 0.6.
  for (const bool ignored_first : {false, true}) {
    for (const bool crowd : {false, true}) {
      TruthBox counts{.class_id = 0, .x1 = 0, .y1 = 0, .x2 = 10, .y2 = 10};
      TruthBox ignored{.class_id = 0, .x1 = 0, .y1 = 0, .x2 = 10, .y2 = 6, .ignore = true};
      ignored.crowd = crowd;
      EvaluatedImage image;
      image.truth = ignored_first ? std::vector{ignored, counts} : std::vector{counts, ignored};
      image.detections = {{0, 0.9F, 0, 0, 10, 6}};
      EXPECT_DOUBLE_EQ(evaluate(std::span(&image, 1)).map50, 1.0);
    }
  }
}

// A threshold cannot part detections of equal score: the best F1 is that of all of them.
TEST(EvalMatching, EqualScoresAreKeptOrDroppedTogether) {
  EvaluatedImage image;
  image.truth = {{.class_id = 0, .x1 = 0, .y1 = 0, .x2 = 10, .y2 = 10},
                 {.class_id = 0, .x1 = 50, .y1 = 50, .x2 = 60, .y2 = 60}};
  // Right, then wrong twice with the same score, then right.
  image.detections = {{0, 0.5F, 0, 0, 10, 10},
                      {0, 0.5F, 20, 20, 30, 30},
                      {0, 0.5F, 30, 30, 40, 40},
                      {0, 0.2F, 50, 50, 60, 60}};
  const ClassMetric metric = evaluate(std::span(&image, 1)).classes[0];
  EXPECT_DOUBLE_EQ(metric.precision, 0.5);  // not 1, of the first alone
  EXPECT_DOUBLE_EQ(metric.recall, 1.0);
  EXPECT_NEAR(metric.f1, 2.0 / 3.0, 1e-12);
  EXPECT_NEAR(metric.threshold, 0.2, 1e-6);
  image.detections.pop_back();
  const ClassMetric tied = evaluate(std::span(&image, 1)).classes[0];
  EXPECT_NEAR(tied.precision, 1.0 / 3.0, 1e-12);
  EXPECT_DOUBLE_EQ(tied.recall, 0.5);
}

// A box is taken once; the second detection of it is wrong, unless a crowd has it.
TEST(EvalMatching, ABoxIsTakenOnceAndACrowdOften) {
  TruthBox counts{.class_id = 0, .x1 = 0, .y1 = 0, .x2 = 10, .y2 = 10};
  TruthBox far{.class_id = 0, .x1 = 50, .y1 = 50, .x2 = 60, .y2 = 60};
  EvaluatedImage image;
  image.truth = {counts, far};
  image.detections = {{0, 0.9F, 0, 0, 10, 10}, {0, 0.8F, 0, 0, 10, 10}, {0, 0.7F, 50, 50, 60, 60}};
  // Right, wrong, right: precision 1 up to recall 1/2, then 2/3.
  EXPECT_NEAR(evaluate(std::span(&image, 1)).map50, (51.0 + 50.0 * 2.0 / 3.0) / 101.0, 1e-9);
  TruthBox crowd = counts;
  crowd.ignore = crowd.crowd = true;
  image.truth.push_back(crowd);
  image.detections.push_back({0, 0.75F, 0, 0, 10, 10});
  EXPECT_DOUBLE_EQ(evaluate(std::span(&image, 1)).map50, 1.0);
  image.truth.back().crowd = false;  // ignored, and taken once
  EXPECT_NEAR(evaluate(std::span(&image, 1)).map50, (51.0 + 50.0 * 2.0 / 3.0) / 101.0, 1e-9);
}

}  // namespace
}  // namespace pawl::program
