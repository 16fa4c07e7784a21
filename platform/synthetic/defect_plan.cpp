// Where the faults of a part lie.
#include <cmath>

#include "platform/synthetic/defect.h"
#include "platform/synthetic/scene_math.h"

namespace pawl::platform::synthetic {
namespace {

constexpr int kTries = 40;
constexpr float kGap = 6.0f;  // between the circles of two faults

struct SizeRange {
  float low, high;
};

// Half extents, indexed by DefectClass; kMissingHole takes the hole's own.
constexpr SizeRange kSizes[kDefectClasses] = {
    {30.0f, 62.0f}, {17.0f, 34.0f}, {20.0f, 46.0f}, {28.0f, 58.0f}, {0.0f, 0.0f}, {22.0f, 38.0f},
};

bool clear_of(const std::vector<PlannedDefect>& others, const PlannedDefect& one) {
  for (const PlannedDefect& other : others) {
    const float dx = other.x - one.x;
    const float dy = other.y - one.y;
    const float reach = other.size + one.size + kGap;
    if (dx * dx + dy * dy < reach * reach) return false;
  }
  return true;
}

// A spot on the face at least `margin` within the outline and `margin` off every hole.
bool place_on_face(const Part& part, float margin, Random* random, PlannedDefect* defect) {
  defect->x = random->uniform(-118.0f, 118.0f);
  defect->y = random->uniform(-118.0f, 118.0f);
  float u = 0.0f;
  float v = 0.0f;
  part.to_local(defect->x, defect->y, &u, &v);
  return outline_distance(part, u, v) < -margin && hole_distance(part, u, v, -1) > margin;
}

bool place_missing_hole(const Part& part, Random* random, PlannedDefect* defect) {
  const int index = random->below(static_cast<int>(part.holes.size()));
  const Hole& hole = part.holes[static_cast<size_t>(index)];
  if (!hole.bolt) return false;
  defect->hole = index;
  defect->size = hole.radius + 4.0f;
  part.to_picture(hole.u, hole.v, &defect->x, &defect->y);
  return true;
}

// Whether the outline runs on without a corner over the burr's width.
bool straight_edge(const Part& part, const PlannedDefect& defect) {
  float u = 0.0f;
  float v = 0.0f;
  part.to_local(defect.x, defect.y, &u, &v);
  const float here = outline_distance(part, u, v);
  const float gu = outline_distance(part, u + 1.0f, v) - here;
  const float gv = outline_distance(part, u, v + 1.0f) - here;
  const float one = outline_distance(part, u - gv * defect.size, v + gu * defect.size);
  const float two = outline_distance(part, u + gv * defect.size, v - gu * defect.size);
  return std::fabs(one) < 9.0f && std::fabs(two) < 9.0f;
}

// Walks from the middle outwards until the outline. A gear's edge is teeth: no burr there.
bool place_burr(const Part& part, Random* random, PlannedDefect* defect) {
  if (part.kind == PartKind::kGear) return false;
  defect->turn = random->uniform(0.0f, 1.0f);
  const float dx = cos_turns(defect->turn);
  const float dy = sin_turns(defect->turn);
  float reach = 20.0f;
  for (int i = 0; i < 300; ++i) {
    float u = 0.0f;
    float v = 0.0f;
    part.to_local(dx * reach, dy * reach, &u, &v);
    const float distance = outline_distance(part, u, v);
    if (distance > -0.3f) break;
    reach += -distance * 0.7f + 0.1f;
  }
  defect->x = dx * reach;
  defect->y = dy * reach;
  return straight_edge(part, *defect);
}

bool place(const Part& part, Random* random, PlannedDefect* defect) {
  const SizeRange range = kSizes[static_cast<int>(defect->kind)];
  defect->size = random->uniform(range.low, range.high);
  defect->key = random->next();
  // Strokes run between 20 and 70 degrees off the axes, so that their boxes are no slivers.
  defect->turn = random->uniform(0.06f, 0.19f);
  if (random->chance(0.5f)) defect->turn += 0.25f;
  switch (defect->kind) {
    case DefectClass::kScratch:
    case DefectClass::kCrack:
      return place_on_face(part, 12.0f, random, defect);
    case DefectClass::kDent:
      return place_on_face(part, defect->size * 0.75f, random, defect);
    case DefectClass::kStain:
      return place_on_face(part, 10.0f, random, defect);
    case DefectClass::kMissingHole:
      return place_missing_hole(part, random, defect);
    case DefectClass::kBurr:
      return place_burr(part, random, defect);
  }
  return false;
}

}  // namespace

std::vector<PlannedDefect> plan_defects(const Part& part, float defect_rate) {
  Random random(part.key ^ 0xDEFEC7ull);
  std::vector<PlannedDefect> planned;
  if (!random.chance(defect_rate)) return planned;
  const float pick = random.uniform(0.0f, 1.0f);
  const int count = pick < 0.60f ? 1 : (pick < 0.88f ? 2 : 3);
  for (int i = 0; i < count; ++i) {
    PlannedDefect defect;
    defect.kind = static_cast<DefectClass>(random.below(kDefectClasses));
    for (int attempt = 0; attempt < kTries; ++attempt) {
      if (place(part, &random, &defect) && clear_of(planned, defect)) {
        planned.push_back(defect);
        break;
      }
    }
  }
  return planned;
}

}  // namespace pawl::platform::synthetic
