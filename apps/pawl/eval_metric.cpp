#include "apps/pawl/eval_metric.h"

#include <algorithm>
#include <array>
#include <set>

namespace pawl::program {
namespace {

constexpr size_t kThresholds = 10;
constexpr int kRecallPoints = 101;
constexpr size_t kDetectionsMax = 100;  // an image and class

double threshold_at(size_t index) {
  return 0.5 + 0.05 * static_cast<double>(index);
}

enum class Outcome : uint8_t { kFalse, kTrue, kIgnored };

// A detection of one class with its outcome at each threshold.
struct Judged {
  float score;
  std::array<Outcome, kThresholds> outcome;
};

template <typename Box>
double area(const Box& box) {
  return (static_cast<double>(box.x2) - box.x1) * (static_cast<double>(box.y2) - box.y1);
}

double overlap(const ScoredBox& detection, const TruthBox& truth) {
  const double width =
      std::min<double>(detection.x2, truth.x2) - std::max<double>(detection.x1, truth.x1);
  const double height =
      std::min<double>(detection.y2, truth.y2) - std::max<double>(detection.y1, truth.y1);
  if (width <= 0.0 || height <= 0.0) return 0.0;
  const double common = width * height;
  const double whole = truth.crowd ? area(detection) : area(detection) + area(truth) - common;
  return whole > 0.0 ? common / whole : 0.0;
}

// Greedy matching of one image at one threshold; `overlaps` is a row a detection. Truth boxes that
// count are preferred over ignored ones, whatever the overlap; a crowd may be taken many times.
void match(const std::vector<const TruthBox*>& truth, const std::vector<double>& overlaps,
           size_t threshold, std::span<Judged> judged) {
  std::vector<bool> taken(truth.size(), false);
  for (size_t d = 0; d < judged.size(); ++d) {
    double best = std::min(threshold_at(threshold), 1.0 - 1e-10);
    int64_t found = -1;
    for (size_t t = 0; t < truth.size(); ++t) {
      if (taken[t] && !truth[t]->crowd) continue;
      const bool settled = found >= 0 && !truth[static_cast<size_t>(found)]->ignore;
      if (settled && truth[t]->ignore) break;  // those that count come first
      const double here = overlaps[d * truth.size() + t];
      if (here < best) continue;
      best = here;
      found = static_cast<int64_t>(t);
    }
    Outcome outcome = Outcome::kFalse;
    if (found >= 0) {
      taken[static_cast<size_t>(found)] = true;
      outcome = truth[static_cast<size_t>(found)]->ignore ? Outcome::kIgnored : Outcome::kTrue;
    }
    judged[d].outcome[threshold] = outcome;
  }
}

struct ClassTally {
  std::vector<Judged> judged;  // of all images
  int64_t truths = 0;
  int64_t images = 0;
};

void judge_image(const EvaluatedImage& image, int32_t class_id, ClassTally* tally) {
  std::vector<const TruthBox*> truth;
  for (const TruthBox& box : image.truth) {
    if (box.class_id == class_id) truth.push_back(&box);
  }
  std::stable_partition(truth.begin(), truth.end(), [](const TruthBox* t) { return !t->ignore; });
  const auto counting =
      std::count_if(truth.begin(), truth.end(), [](const TruthBox* t) { return !t->ignore; });
  tally->truths += counting;
  tally->images += counting > 0 ? 1 : 0;

  std::vector<const ScoredBox*> detections;
  for (const ScoredBox& box : image.detections) {
    if (box.class_id == class_id) detections.push_back(&box);
  }
  std::stable_sort(detections.begin(), detections.end(),
                   [](const ScoredBox* a, const ScoredBox* b) { return a->score > b->score; });
  if (detections.size() > kDetectionsMax) detections.resize(kDetectionsMax);

  std::vector<double> overlaps;
  for (const ScoredBox* detection : detections) {
    for (const TruthBox* box : truth) overlaps.push_back(overlap(*detection, *box));
  }
  const size_t first = tally->judged.size();
  for (const ScoredBox* detection : detections) tally->judged.push_back({detection->score, {}});
  const std::span<Judged> judged = std::span(tally->judged).subspan(first);
  for (size_t i = 0; i < kThresholds; ++i) match(truth, overlaps, i, judged);
}

struct Curve {
  std::vector<double> precision, recall;
  std::vector<float> score;
};

// Requires `tally.judged` sorted by score.
Curve curve_at(const ClassTally& tally, size_t threshold) {
  Curve curve;
  double found = 0.0;
  double wrong = 0.0;
  for (const Judged& judged : tally.judged) {
    if (judged.outcome[threshold] == Outcome::kIgnored) continue;
    (judged.outcome[threshold] == Outcome::kTrue ? found : wrong) += 1.0;
    curve.precision.push_back(found / (found + wrong));
    curve.recall.push_back(found / static_cast<double>(tally.truths));
    curve.score.push_back(judged.score);
  }
  return curve;
}

double average_precision(const Curve& curve) {
  std::vector<double> precision = curve.precision;
  for (size_t i = precision.size(); i > 1; --i) {
    precision[i - 2] = std::max(precision[i - 2], precision[i - 1]);
  }
  double sum = 0.0;
  for (int i = 0; i < kRecallPoints; ++i) {
    const double recall = i == kRecallPoints - 1 ? 1.0 : 0.01 * i;
    const auto at = std::lower_bound(curve.recall.begin(), curve.recall.end(), recall);
    if (at == curve.recall.end()) break;
    sum += precision[static_cast<size_t>(at - curve.recall.begin())];
  }
  return sum / kRecallPoints;
}

void set_best_f1(const Curve& curve, ClassMetric* metric) {
  for (size_t i = 0; i < curve.score.size(); ++i) {
    // A threshold cannot part detections of equal score.
    if (i + 1 < curve.score.size() && curve.score[i + 1] == curve.score[i]) continue;
    const double sum = curve.precision[i] + curve.recall[i];
    const double f1 = sum > 0.0 ? 2.0 * curve.precision[i] * curve.recall[i] / sum : 0.0;
    if (f1 <= metric->f1) continue;
    metric->f1 = f1;
    metric->precision = curve.precision[i];
    metric->recall = curve.recall[i];
    metric->threshold = static_cast<double>(curve.score[i]);
  }
}

ClassMetric measure(int32_t class_id, ClassTally* tally) {
  std::stable_sort(tally->judged.begin(), tally->judged.end(),
                   [](const Judged& a, const Judged& b) { return a.score > b.score; });
  ClassMetric metric;
  metric.class_id = class_id;
  metric.images = tally->images;
  metric.truths = tally->truths;
  for (size_t i = 0; i < kThresholds; ++i) {
    const Curve curve = curve_at(*tally, i);
    const double ap = average_precision(curve);
    metric.map50_95 += ap / static_cast<double>(kThresholds);
    if (i == 0) {
      metric.map50 = ap;
      set_best_f1(curve, &metric);
    }
  }
  return metric;
}

}  // namespace

Metric evaluate(std::span<const EvaluatedImage> images) {
  std::set<int32_t> class_ids;
  for (const EvaluatedImage& image : images) {
    for (const TruthBox& box : image.truth) {
      if (!box.ignore) class_ids.insert(box.class_id);
    }
  }
  Metric metric;
  for (const int32_t class_id : class_ids) {
    ClassTally tally;
    for (const EvaluatedImage& image : images) judge_image(image, class_id, &tally);
    metric.classes.push_back(measure(class_id, &tally));
  }
  if (metric.classes.empty()) return metric;
  const auto count = static_cast<double>(metric.classes.size());
  for (const ClassMetric& one : metric.classes) {
    metric.map50 += one.map50 / count;
    metric.map50_95 += one.map50_95 / count;
    metric.precision += one.precision / count;
    metric.recall += one.recall / count;
  }
  return metric;
}

}  // namespace pawl::program
