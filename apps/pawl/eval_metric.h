// Mean average precision, as COCO defines it.
//
// For each class and each IoU threshold 0.50, 0.55, .. 0.95: detections of each image, best score
// first and at most 100, each take the free truth box they overlap most, if by at least the
// threshold. Precision over recall of all images together, made monotone, is read at the 101
// recalls 0, 0.01, .. 1; AP is the mean. Truth boxes marked `ignore` (COCO crowds, VOC difficult)
// count neither as found nor as missed. Classes without truth boxes are left out of the means.
// Source: the COCO detection challenge and its evaluation code's documentation (area "all").
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace pawl::program {

struct TruthBox {
  int32_t class_id = 0;
  float x1 = 0.0F, y1 = 0.0F, x2 = 0.0F, y2 = 0.0F;
  bool ignore = false;
  bool crowd = false;  // overlap is measured against the detection's own area; implies ignore
};

struct ScoredBox {
  int32_t class_id = 0;
  float score = 0.0F;
  float x1 = 0.0F, y1 = 0.0F, x2 = 0.0F, y2 = 0.0F;
};

struct EvaluatedImage {
  std::vector<TruthBox> truth;
  std::vector<ScoredBox> detections;  // any order
};

struct ClassMetric {
  int32_t class_id = 0;
  int64_t images = 0;  // with at least one truth box that counts
  int64_t truths = 0;  // that count
  double map50 = 0.0;
  double map50_95 = 0.0;
  // At IoU 0.5 and the score threshold where F1 is greatest.
  double precision = 0.0, recall = 0.0, f1 = 0.0, threshold = 0.0;
};

struct Metric {
  double map50 = 0.0;
  double map50_95 = 0.0;
  double precision = 0.0, recall = 0.0;  // means of the classes'
  std::vector<ClassMetric> classes;      // those with truth boxes, ascending
};

Metric evaluate(std::span<const EvaluatedImage> images);

}  // namespace pawl::program
