// The faults a part can have: where they lie (planned from the part's key) and what they do to its
// surface.
#pragma once

#include <cstdint>
#include <vector>

#include "platform/synthetic/part.h"
#include "platform/synthetic/surface.h"

namespace pawl::platform::synthetic {

// The order is the class numbering of the labels and of the demo model.
enum class DefectClass : int { kScratch, kDent, kStain, kCrack, kMissingHole, kBurr };
inline constexpr int kDefectClasses = 6;

struct PlannedDefect {
  DefectClass kind = DefectClass::kScratch;
  float x = 0.0f, y = 0.0f;  // middle, nominal pixels from the part's middle, picture-aligned
  float turn = 0.0f;         // direction of strokes; of a burr, the outward direction
  float size = 0.0f;         // half the extent, nominal pixels
  int hole = -1;             // kMissingHole: which of the part's holes
  uint64_t key = 0;
};

// None with probability 1 - defect_rate, else one to three that do not overlap.
std::vector<PlannedDefect> plan_defects(const Part& part, float defect_rate);

// Draws the fault and returns the tight box of the pixels it visibly changes. A missing hole must
// already have been left out by paint_part.
MaskBox apply_defect(const Part& part, const PlannedDefect& defect, Surface* surface);

}  // namespace pawl::platform::synthetic
