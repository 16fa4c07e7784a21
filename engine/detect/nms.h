// Greedy non-maximum suppression over scored boxes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace pawl::engine {

// A box that passed the score threshold. `index` is its number over all levels of the head.
struct Candidate {
  float score = 0.0F;
  int32_t index = 0;
  int32_t class_id = 0;
  float x1 = 0.0F, y1 = 0.0F, x2 = 0.0F, y2 = 0.0F;
};

// The order detections are made and reported in: score down, then index up, then class up. Total
// for finite scores, so that equal inputs give equal outputs whatever order they were found in.
inline bool ranks_before(const Candidate& a, const Candidate& b) {
  if (a.score != b.score) return a.score > b.score;
  if (a.index != b.index) return a.index < b.index;
  return a.class_id < b.class_id;
}

// Keeps a candidate unless one kept before it (of its class, when class_aware) overlaps it by more
// than `iou`; stops at kept_max. Moves the kept ones to the front, in order, and returns how many.
// Requires candidates sorted by ranks_before and finite boxes with x1 <= x2, y1 <= y2.
size_t suppress_overlaps(std::span<Candidate> sorted, float iou, bool class_aware, size_t kept_max);

}  // namespace pawl::engine
