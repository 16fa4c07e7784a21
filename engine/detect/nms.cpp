#include "engine/detect/nms.h"

#include <algorithm>

namespace pawl::engine {
namespace {

float area(const Candidate& c) {
  return (c.x2 - c.x1) * (c.y2 - c.y1);
}

// Overlap of more than `iou`, without a division: two empty boxes never overlap.
bool overlaps(const Candidate& a, const Candidate& b, float iou) {
  const float width = std::min(a.x2, b.x2) - std::max(a.x1, b.x1);
  const float height = std::min(a.y2, b.y2) - std::max(a.y1, b.y1);
  if (width <= 0.0F || height <= 0.0F) return false;
  const float common = width * height;
  return common > iou * (area(a) + area(b) - common);
}

}  // namespace

size_t suppress_overlaps(std::span<Candidate> sorted, float iou, bool class_aware,
                         size_t kept_max) {
  size_t kept = 0;
  for (size_t i = 0; i < sorted.size() && kept < kept_max; ++i) {
    const Candidate candidate = sorted[i];
    bool keep = true;
    for (size_t k = 0; k < kept && keep; ++k) {
      if (class_aware && sorted[k].class_id != candidate.class_id) continue;
      keep = !overlaps(sorted[k], candidate, iou);
    }
    if (keep) sorted[kept++] = candidate;
  }
  return kept;
}

}  // namespace pawl::engine
