// Proves: suppression keeps exactly what a brute-force reading of its definition keeps, over
// thousands of box sets with ties, duplicates and empty boxes, and stops at its limit.
#include "engine/detect/nms.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace pawl::engine {
namespace {

// Whole coordinates below 2^10 and thresholds that are sums of powers of two: float and double
// agree on every comparison, ties at the threshold included.
std::vector<Candidate> random_boxes(std::mt19937* random, int count, int side, int classes) {
  std::uniform_int_distribution<int> place(0, side), size(0, side / 2), pick(0, 9);
  std::vector<Candidate> boxes;
  for (int i = 0; i < count; ++i) {
    Candidate c;
    c.index = i;
    c.class_id = std::uniform_int_distribution<int>(0, classes - 1)(*random);
    c.score = static_cast<float>(pick(*random)) / 8.0F;
    c.x1 = static_cast<float>(place(*random));
    c.y1 = static_cast<float>(place(*random));
    c.x2 = c.x1 + static_cast<float>(size(*random));
    c.y2 = c.y1 + static_cast<float>(size(*random));
    if (!boxes.empty() && pick(*random) == 0) {
      const int class_id = c.class_id;
      c = boxes.back();
      c.index = i;
      c.class_id = class_id;
    }
    boxes.push_back(c);
  }
  std::shuffle(boxes.begin(), boxes.end(), *random);
  return boxes;
}

double iou_of(const Candidate& a, const Candidate& b) {
  const double w = std::min<double>(a.x2, b.x2) - std::max<double>(a.x1, b.x1);
  const double h = std::min<double>(a.y2, b.y2) - std::max<double>(a.y1, b.y1);
  if (w <= 0 || h <= 0) return 0.0;
  const auto area = [](const Candidate& c) { return double{c.x2 - c.x1} * double{c.y2 - c.y1}; };
  return w * h / (area(a) + area(b) - w * h);
}

// By definition: repeatedly take the best remaining box and strike what it overlaps.
std::vector<Candidate> brute_force(std::vector<Candidate> boxes, double iou, bool class_aware) {
  std::vector<Candidate> kept;
  while (!boxes.empty()) {
    size_t best = 0;
    for (size_t i = 1; i < boxes.size(); ++i) {
      const Candidate& a = boxes[i];
      const Candidate& b = boxes[best];
      if (a.score > b.score || (a.score == b.score && a.index < b.index)) best = i;
    }
    const Candidate top = boxes[best];
    kept.push_back(top);
    std::vector<Candidate> left;
    for (size_t i = 0; i < boxes.size(); ++i) {
      const bool rival = !class_aware || boxes[i].class_id == top.class_id;
      if (i != best && !(rival && iou_of(boxes[i], top) > iou)) left.push_back(boxes[i]);
    }
    boxes = left;
  }
  return kept;
}

TEST(Nms, EqualsBruteForce) {
  std::mt19937 random(11);
  constexpr float kThresholds[] = {0.0F, 0.25F, 0.5F, 0.625F, 0.75F, 1.0F};
  size_t suppressed = 0;
  for (int round = 0; round < 3000; ++round) {
    const int count = static_cast<int>(random() % 60);
    const int side = round % 3 == 0 ? 6 : (round % 3 == 1 ? 40 : 1000);
    std::vector<Candidate> boxes = random_boxes(&random, count, side, 1 + round % 4);
    const float iou = kThresholds[round % 6];
    const bool class_aware = round % 2 == 0;
    const std::vector<Candidate> wanted = brute_force(boxes, iou, class_aware);

    std::sort(boxes.begin(), boxes.end(), ranks_before);
    const size_t kept = suppress_overlaps(boxes, iou, class_aware, boxes.size());
    ASSERT_EQ(kept, wanted.size()) << "round " << round;
    for (size_t i = 0; i < kept; ++i) ASSERT_EQ(boxes[i].index, wanted[i].index);
    suppressed += static_cast<size_t>(count) - kept;
  }
  EXPECT_GT(suppressed, 10000U);  // the sets do overlap
}

TEST(Nms, StopsAtTheLimit) {
  std::mt19937 random(12);
  for (size_t limit = 0; limit < 30; ++limit) {
    std::vector<Candidate> boxes = random_boxes(&random, 60, 1000, 3);
    std::sort(boxes.begin(), boxes.end(), ranks_before);
    std::vector<Candidate> all = boxes;
    const size_t every = suppress_overlaps(all, 0.5F, true, all.size());
    const size_t kept = suppress_overlaps(boxes, 0.5F, true, limit);
    ASSERT_EQ(kept, std::min(limit, every));
    for (size_t i = 0; i < kept; ++i) ASSERT_EQ(boxes[i].index, all[i].index);
  }
}

TEST(Nms, OrderIsTotal) {
  const Candidate a{0.5F, 3, 1, 0, 0, 1, 1};
  Candidate b = a;
  EXPECT_FALSE(ranks_before(a, b));
  b.class_id = 2;
  EXPECT_TRUE(ranks_before(a, b));
  EXPECT_FALSE(ranks_before(b, a));
  b.index = 2;
  EXPECT_TRUE(ranks_before(b, a));
  b.score = 0.25F;
  EXPECT_TRUE(ranks_before(a, b));
}

TEST(Nms, EmptyAndHugeBoxes) {
  EXPECT_EQ(suppress_overlaps({}, 0.5F, true, 10), 0U);
  // Two copies of an empty box have no overlap; two copies of a huge one have all of it.
  std::vector<Candidate> points = {{0.9F, 0, 0, 5, 5, 5, 5}, {0.8F, 1, 0, 5, 5, 5, 5}};
  EXPECT_EQ(suppress_overlaps(points, 0.0F, true, 10), 2U);
  std::vector<Candidate> huge = {{0.9F, 0, 0, -1e18F, -1e18F, 1e18F, 1e18F},
                                 {0.8F, 1, 0, -1e18F, -1e18F, 1e18F, 1e18F}};
  EXPECT_EQ(suppress_overlaps(huge, 0.5F, true, 10), 1U);
}

}  // namespace
}  // namespace pawl::engine
