#include "platform/synthetic/part.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "platform/synthetic/scene_math.h"

namespace pawl::platform::synthetic {
namespace {

constexpr Material kMaterials[] = {
    {0.56f, 0.55f, 0.53f, 0.70f},  // milled steel
    {0.66f, 0.66f, 0.66f, 0.85f},  // aluminium
    {0.38f, 0.52f, 0.61f, 0.75f},  // brass
    {0.42f, 0.41f, 0.41f, 0.45f},  // phosphated steel
    {0.52f, 0.50f, 0.46f, 0.60f},  // zinc
};

// `count` bolt holes on a pitch circle.
void add_bolt_circle(Part* part, int count, float pitch_radius, float hole_radius, float phase) {
  for (int i = 0; i < count; ++i) {
    const float turn = phase + static_cast<float>(i) / static_cast<float>(count);
    part->holes.push_back(
        {pitch_radius * cos_turns(turn), pitch_radius * sin_turns(turn), hole_radius, true});
  }
}

void shape_flange(Part* part, Random* random) {
  part->radius = random->uniform(112.0f, 138.0f);
  const float bore = part->radius * random->uniform(0.16f, 0.30f);
  part->holes.push_back({0.0f, 0.0f, bore, false});
  const int bolts = 4 + random->below(5);
  const float hole_radius = random->uniform(11.5f, 15.0f);
  const float pitch_radius = part->radius * random->uniform(0.72f, 0.78f);
  add_bolt_circle(part, bolts, pitch_radius, hole_radius, random->uniform(0.0f, 1.0f));
  const float hub = bore + part->radius * random->uniform(0.12f, 0.22f);
  part->steps.push_back({hub, random->uniform(4.0f, 9.0f)});
  if (random->chance(0.5f)) part->steps.push_back({hub + 9.0f, -3.0f});
}

void shape_plate(Part* part, Random* random) {
  part->half_u = random->uniform(98.0f, 122.0f);
  part->half_v = random->uniform(62.0f, 84.0f);
  part->corner = random->uniform(8.0f, 22.0f);
  const float inset = random->uniform(25.0f, 30.0f);
  const float hole_radius = random->uniform(11.5f, 15.0f);
  const float hu = part->half_u - inset;
  const float hv = part->half_v - inset;
  for (int i = 0; i < 4; ++i) {
    part->holes.push_back({i % 2 == 0 ? -hu : hu, i < 2 ? -hv : hv, hole_radius, true});
  }
  const int middle = random->below(3);
  if (middle == 1) {
    part->holes.push_back({0.0f, -hv, hole_radius, true});
    part->holes.push_back({0.0f, hv, hole_radius, true});
  } else if (middle == 2) {
    part->holes.push_back({0.0f, 0.0f, random->uniform(20.0f, 30.0f), false});
  }
}

void shape_gear(Part* part, Random* random) {
  part->radius = random->uniform(112.0f, 132.0f);
  part->teeth = 18 + random->below(13);
  const float bore = part->radius * random->uniform(0.17f, 0.24f);
  part->holes.push_back({0.0f, 0.0f, bore, false});
  const float hole_radius = random->uniform(12.0f, 15.5f);
  const int bolts = 4 + random->below(3);
  const float pitch_radius = part->radius * random->uniform(0.54f, 0.60f);
  add_bolt_circle(part, bolts, pitch_radius, hole_radius, random->uniform(0.0f, 1.0f));
  part->steps.push_back({part->radius * 0.76f, -4.0f});
  part->steps.push_back({bore + 14.0f, 5.0f});
  part->chamfer = 4.0f;
}

void shape_bracket(Part* part, Random* random) {
  part->half_u = random->uniform(100.0f, 116.0f);
  part->half_v = random->uniform(84.0f, 100.0f);
  part->arm = random->uniform(34.0f, 42.0f);
  part->corner = random->uniform(8.0f, 18.0f);
  const float hole_radius = random->uniform(11.5f, 14.5f);
  const float along_u = part->half_u - part->arm;
  const float along_v = part->half_v - part->arm;
  // One arm along the low edge, one along the left edge: holes run along both middles and meet in
  // the corner.
  part->holes.push_back({-along_u, along_v, hole_radius, true});
  part->holes.push_back({0.0f, along_v, hole_radius, true});
  part->holes.push_back({along_u, along_v, hole_radius, true});
  part->holes.push_back({-along_u, -along_v, hole_radius, true});
}

float rounded_box(float u, float v, float half_u, float half_v, float corner) {
  const float qu = std::fabs(u) - half_u + corner;
  const float qv = std::fabs(v) - half_v + corner;
  const float ou = std::max(qu, 0.0f);
  const float ov = std::max(qv, 0.0f);
  return std::sqrt(ou * ou + ov * ov) + std::min(std::max(qu, qv), 0.0f) - corner;
}

// An L: the outer box less a box that reaches beyond its upper right corner and leaves arms of
// width 2 * arm.
float bracket_distance(const Part& part, float u, float v) {
  constexpr float kFar = 400.0f;
  constexpr float kInnerCorner = 12.0f;
  const float outer = rounded_box(u, v, part.half_u, part.half_v, part.corner);
  const float cut =
      rounded_box(u - (2.0f * part.arm - part.half_u + kFar),
                  v + (2.0f * part.arm - part.half_v + kFar), kFar, kFar, kInnerCorner);
  return std::max(outer, -cut);
}

float gear_distance(const Part& part, float u, float v) {
  constexpr float kToothHeight = 11.0f;
  const float r = std::sqrt(u * u + v * v);
  const float wave = cos_turns(angle_turns(v, u) * static_cast<float>(part.teeth));
  // A clipped cosine is a trapezoid with rounded flanks; dividing by the flank's slope keeps the
  // distance honest.
  const float tooth = clamp01(0.5f + wave * 0.95f);
  const float rim = r - (part.radius - kToothHeight * (1.0f - tooth));
  return tooth > 0.0f && tooth < 1.0f ? rim * 0.72f : rim;
}

}  // namespace

Part make_part(uint64_t key) {
  Random random(key);
  Part part;
  part.key = key;
  part.material = kMaterials[random.below(static_cast<int>(std::size(kMaterials)))];
  const float shade = random.uniform(0.92f, 1.08f);
  part.material.blue *= shade;
  part.material.green *= shade;
  part.material.red *= shade;
  part.chamfer = random.uniform(4.5f, 8.0f);
  const float turn = random.uniform(0.0f, 1.0f);
  part.cosine = cos_turns(turn);
  part.sine = sin_turns(turn);
  const float pick = random.uniform(0.0f, 1.0f);
  part.kind = pick < 0.34f   ? PartKind::kFlange
              : pick < 0.62f ? PartKind::kPlate
              : pick < 0.80f ? PartKind::kGear
                             : PartKind::kBracket;
  switch (part.kind) {
    case PartKind::kFlange:
      shape_flange(&part, &random);
      break;
    case PartKind::kPlate:
      shape_plate(&part, &random);
      break;
    case PartKind::kGear:
      shape_gear(&part, &random);
      break;
    case PartKind::kBracket:
      shape_bracket(&part, &random);
      break;
  }
  return part;
}

float outline_distance(const Part& part, float u, float v) {
  switch (part.kind) {
    case PartKind::kFlange:
      return std::sqrt(u * u + v * v) - part.radius;
    case PartKind::kPlate:
      return rounded_box(u, v, part.half_u, part.half_v, part.corner);
    case PartKind::kGear:
      return gear_distance(part, u, v);
    case PartKind::kBracket:
      return bracket_distance(part, u, v);
  }
  return 1e9f;
}

float hole_distance(const Part& part, float u, float v, int skip) {
  float nearest = 1e9f;
  for (size_t i = 0; i < part.holes.size(); ++i) {
    if (static_cast<int>(i) == skip) continue;
    const Hole& hole = part.holes[i];
    const float du = u - hole.u;
    const float dv = v - hole.v;
    nearest = std::min(nearest, std::sqrt(du * du + dv * dv) - hole.radius);
  }
  return nearest;
}

}  // namespace pawl::platform::synthetic
