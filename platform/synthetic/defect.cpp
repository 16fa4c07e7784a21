#include "platform/synthetic/defect.h"

#include <cmath>

#include "platform/synthetic/scene_math.h"

namespace pawl::platform::synthetic {
namespace {

struct Point {
  float x, y;
};

// A drawn line: points, and the half width where it starts and ends.
struct Stroke {
  std::vector<Point> points;
  float width_start, width_end;
};

// Distance from the stroke's spine and how far along it is (0..1); `side` is which side of the
// spine one stands on.
struct StrokeHit {
  float distance, along, side;
};

StrokeHit hit_stroke(const Stroke& stroke, float x, float y) {
  StrokeHit best = {1e9f, 0.0f, 1.0f};
  const size_t segments = stroke.points.size() - 1;
  for (size_t i = 0; i < segments; ++i) {
    const Point a = stroke.points[i];
    const Point b = stroke.points[i + 1];
    const float ex = b.x - a.x;
    const float ey = b.y - a.y;
    const float px = x - a.x;
    const float py = y - a.y;
    const float t = clamp01((px * ex + py * ey) / (ex * ex + ey * ey + 1e-6f));
    const float dx = px - t * ex;
    const float dy = py - t * ey;
    const float distance = std::sqrt(dx * dx + dy * dy);
    if (distance < best.distance) {
      best = {distance, (static_cast<float>(i) + t) / static_cast<float>(segments),
              ex * py - ey * px < 0.0f ? -1.0f : 1.0f};
    }
  }
  return best;
}

// The pixels within `reach` of a nominal point.
struct Window {
  int x1, y1, x2, y2;
};

Window window_around(const Surface& surface, float x, float y, float reach) {
  return {surface.pixel(x - reach), surface.pixel(y - reach), surface.pixel(x + reach),
          surface.pixel(y + reach)};
}

Window window_of(const Surface& surface, const Stroke& stroke, float margin) {
  Point low = stroke.points[0];
  Point high = low;
  for (const Point& point : stroke.points) {
    low = {std::min(low.x, point.x), std::min(low.y, point.y)};
    high = {std::max(high.x, point.x), std::max(high.y, point.y)};
  }
  return {surface.pixel(low.x - margin), surface.pixel(low.y - margin),
          surface.pixel(high.x + margin), surface.pixel(high.y + margin)};
}

void tint(Texel* texel, float blue, float green, float red, float amount) {
  texel->blue = mix(texel->blue, blue, amount);
  texel->green = mix(texel->green, green, amount);
  texel->red = mix(texel->red, red, amount);
}

bool solid(const Texel& texel) {
  return texel.metal > 0.5f && texel.coverage > 0.5f;
}

// A groove: a bright burnished core with a dark flank on one side.
void draw_scratch_line(const Stroke& stroke, Surface* surface, MaskBox* box) {
  const Window window = window_of(*surface, stroke, 6.0f);
  for (int y = window.y1; y < window.y2; ++y) {
    for (int x = window.x1; x < window.x2; ++x) {
      Texel& texel = surface->at(x, y);
      if (!solid(texel)) continue;
      const StrokeHit hit = hit_stroke(stroke, surface->nominal(x), surface->nominal(y));
      const float width =
          mix(stroke.width_start, stroke.width_end, std::fabs(hit.along * 2.0f - 1.0f));
      const float core = smooth_step(width + 0.6f, width - 0.6f, hit.distance);
      const float flank = smooth_step(width + 2.6f, width + 0.8f, hit.distance) * (1.0f - core) *
                          (hit.side > 0.0f ? 1.0f : 0.0f);
      tint(&texel, 0.98f, 0.98f, 0.97f, 0.9f * core);
      tint(&texel, 0.10f, 0.10f, 0.10f, 0.65f * flank);
      texel.sheen = mix(texel.sheen, 0.35f, core);
      if (core > 0.35f) box->add(x, y);
    }
  }
}

MaskBox apply_scratch(const PlannedDefect& defect, Surface* surface) {
  Random random(defect.key);
  MaskBox box;
  const float dx = cos_turns(defect.turn);
  const float dy = sin_turns(defect.turn);
  const float bend = random.uniform(-0.22f, 0.22f) * defect.size;
  const int lines = 1 + random.below(3);
  for (int line = 0; line < lines; ++line) {
    const float shift = static_cast<float>(line) * random.uniform(6.0f, 9.0f);
    const float length = defect.size * (line == 0 ? 1.0f : random.uniform(0.45f, 0.9f));
    Stroke stroke;
    stroke.width_start = random.uniform(1.4f, 2.1f);
    stroke.width_end = 0.7f;
    for (int i = 0; i <= 8; ++i) {
      const float t = static_cast<float>(i) / 4.0f - 1.0f;
      const float along = t * length;
      const float across = bend * (1.0f - t * t) + shift;
      stroke.points.push_back(
          {defect.x + dx * along - dy * across, defect.y + dy * along + dx * across});
    }
    draw_scratch_line(stroke, surface, &box);
  }
  return box;
}

// An elliptic hollow with a slightly raised lip.
MaskBox apply_dent(const PlannedDefect& defect, Surface* surface) {
  Random random(defect.key);
  MaskBox box;
  const float squash = random.uniform(0.7f, 1.0f);
  const float depth = defect.size * random.uniform(0.50f, 0.65f);
  const float cosine = cos_turns(defect.turn);
  const float sine = sin_turns(defect.turn);
  const Window window = window_around(*surface, defect.x, defect.y, defect.size * 1.4f);
  for (int y = window.y1; y < window.y2; ++y) {
    for (int x = window.x1; x < window.x2; ++x) {
      Texel& texel = surface->at(x, y);
      if (!solid(texel)) continue;
      const float px = surface->nominal(x) - defect.x;
      const float py = surface->nominal(y) - defect.y;
      const float a = cosine * px + sine * py;
      const float b = (cosine * py - sine * px) / squash;
      const float r = std::sqrt(a * a + b * b) / defect.size;
      texel.height += 0.12f * depth * bell((r - 1.0f) / 0.3f) - depth * bell(r);
      const float inside = bell(r * 0.95f);
      tint(&texel, 0.30f, 0.30f, 0.30f, 0.35f * inside);
      texel.sheen *= 1.0f - 0.8f * inside;
      if (r < 0.92f) box.add(x, y);
    }
  }
  return box;
}

// Rust or oil: a blot with ragged edges, darker towards its rim like a dried drop.
MaskBox apply_stain(const PlannedDefect& defect, Surface* surface) {
  Random random(defect.key);
  MaskBox box;
  const uint32_t key = static_cast<uint32_t>(random.next());
  const bool rust = random.chance(0.6f);
  const float strength = random.uniform(0.72f, 0.92f);
  const Window window = window_around(*surface, defect.x, defect.y, defect.size * 1.1f);
  for (int y = window.y1; y < window.y2; ++y) {
    for (int x = window.x1; x < window.x2; ++x) {
      Texel& texel = surface->at(x, y);
      if (!solid(texel)) continue;
      const float px = surface->nominal(x) - defect.x;
      const float py = surface->nominal(y) - defect.y;
      const float r = std::sqrt(px * px + py * py) / defect.size;
      const float ragged = r + 0.9f * (cloud(px * 0.06f, py * 0.06f, key) - 0.5f);
      const float blot = smooth_step(0.80f, 0.66f, ragged);
      const float mottle = cloud(px * 0.11f, py * 0.11f, key + 5u);
      const float rim = bell((ragged - 0.66f) / 0.16f);
      const float amount = blot * strength * clamp01(0.62f + 0.5f * mottle + 0.3f * rim);
      const float tone = mix(1.0f, 0.62f, rim) * (0.7f + 0.5f * mottle);
      if (rust) {
        tint(&texel, 0.06f * tone, 0.18f * tone, 0.42f * tone, amount);
      } else {
        tint(&texel, 0.19f * tone, 0.13f * tone, 0.10f * tone, amount);
      }
      texel.gloss *= 1.0f - 0.75f * blot;
      if (blot > 0.5f) box.add(x, y);
    }
  }
  return box;
}

void draw_crack_line(const Stroke& stroke, Surface* surface, MaskBox* box) {
  const Window window = window_of(*surface, stroke, 5.0f);
  for (int y = window.y1; y < window.y2; ++y) {
    for (int x = window.x1; x < window.x2; ++x) {
      Texel& texel = surface->at(x, y);
      if (!solid(texel)) continue;
      const StrokeHit hit = hit_stroke(stroke, surface->nominal(x), surface->nominal(y));
      const float width = mix(stroke.width_start, stroke.width_end, hit.along);
      const float core = smooth_step(width + 0.6f, width - 0.6f, hit.distance);
      tint(&texel, 0.03f, 0.03f, 0.03f, 0.97f * core);
      texel.sheen *= 1.0f - core;
      texel.gloss *= 1.0f - core;
      if (core > 0.35f) box->add(x, y);
    }
  }
}

// A walk with jittered heading.
Stroke jagged_walk(Point from, float turn, float length, float jitter, Random* random) {
  Stroke stroke;
  stroke.points.push_back(from);
  float walked = 0.0f;
  while (walked < length) {
    const float step = random->uniform(5.0f, 10.0f);
    const float heading = turn + random->uniform(-jitter, jitter);
    from = {from.x + step * cos_turns(heading), from.y + step * sin_turns(heading)};
    stroke.points.push_back(from);
    walked += step;
  }
  return stroke;
}

MaskBox apply_crack(const PlannedDefect& defect, Surface* surface) {
  Random random(defect.key);
  MaskBox box;
  const Point start = {defect.x - cos_turns(defect.turn) * defect.size,
                       defect.y - sin_turns(defect.turn) * defect.size};
  Stroke trunk = jagged_walk(start, defect.turn, defect.size * 2.2f, 0.15f, &random);
  trunk.width_start = random.uniform(1.6f, 2.2f);
  trunk.width_end = 0.9f;
  draw_crack_line(trunk, surface, &box);
  const int branches = 1 + random.below(3);
  for (int i = 0; i < branches; ++i) {
    const size_t joint =
        1 + static_cast<size_t>(random.below(static_cast<int>(trunk.points.size()) - 2));
    const float side = random.chance(0.5f) ? 1.0f : -1.0f;
    const float heading = defect.turn + side * random.uniform(0.09f, 0.17f);
    const float length = defect.size * random.uniform(0.3f, 0.7f);
    Stroke branch = jagged_walk(trunk.points[joint], heading, length, 0.12f, &random);
    branch.width_start = 1.4f;
    branch.width_end = 0.7f;
    draw_crack_line(branch, surface, &box);
  }
  return box;
}

// The place was marked out and centre-punched but never drilled: a scribed ring round a raw disc.
MaskBox apply_missing_hole(const Part& part, const PlannedDefect& defect, Surface* surface) {
  MaskBox box;
  const float radius = part.holes[static_cast<size_t>(defect.hole)].radius;
  const Window window = window_around(*surface, defect.x, defect.y, radius + 6.0f);
  for (int y = window.y1; y < window.y2; ++y) {
    for (int x = window.x1; x < window.x2; ++x) {
      Texel& texel = surface->at(x, y);
      const float px = surface->nominal(x) - defect.x;
      const float py = surface->nominal(y) - defect.y;
      const float r = std::sqrt(px * px + py * py);
      const float disc = smooth_step(radius + 0.5f, radius - 1.5f, r);
      const float ring = bell((r - radius) / 2.4f);
      const float punch = smooth_step(3.4f, 1.8f, r);
      tint(&texel, 0.78f, 0.78f, 0.78f, 0.42f * disc);
      tint(&texel, 0.08f, 0.08f, 0.08f, 0.75f * ring + 0.8f * punch * (1.0f - ring));
      texel.height -= 2.0f * ring + 2.0f * punch;
      texel.sheen *= 1.0f - 0.6f * disc;
      if (r < radius + 1.5f) box.add(x, y);
    }
  }
  return box;
}

// A torn fringe standing out of the edge, bright where the fresh metal folds over.
MaskBox apply_burr(const Part& part, const PlannedDefect& defect, Surface* surface) {
  Random random(defect.key);
  MaskBox box;
  const uint32_t key = static_cast<uint32_t>(random.next());
  const float length = random.uniform(17.0f, 26.0f);
  const Window window = window_around(*surface, defect.x, defect.y, defect.size + length + 6.0f);
  // The tangent is across the outline's own gradient, not across the ray from the middle.
  float u = 0.0f;
  float v = 0.0f;
  part.to_local(defect.x, defect.y, &u, &v);
  const float here = outline_distance(part, u, v);
  const float gu = outline_distance(part, u + 1.0f, v) - here;
  const float gv = outline_distance(part, u, v + 1.0f) - here;
  for (int y = window.y1; y < window.y2; ++y) {
    for (int x = window.x1; x < window.x2; ++x) {
      Texel& texel = surface->at(x, y);
      float pu = 0.0f;
      float pv = 0.0f;
      part.to_local(surface->nominal(x), surface->nominal(y), &pu, &pv);
      const float along = (pv - v) * gu - (pu - u) * gv;
      const float shape = bell(along / (defect.size * 1.15f));
      if (shape <= 0.0f) continue;
      const float out = outline_distance(part, pu, pv);
      const float teeth =
          noise(along * 0.19f, 0.5f, key) * 0.75f + noise(along * 0.55f, 0.5f, key + 3u) * 0.5f;
      const float spike = length * clamp01(shape * 1.6f) * teeth;
      const float fringe =
          smooth_step(spike + 0.7f, spike - 0.7f, out) * smooth_step(-8.0f, -5.0f, out);
      if (fringe <= 0.0f) continue;
      const float crease = noise(along * 0.35f, out * 0.12f, key + 7u);
      const float bright = 0.50f + 0.75f * crease * crease;
      tint(&texel, bright, bright * 0.99f, bright * 0.97f, fringe);
      texel.coverage = std::max(texel.coverage, fringe);
      texel.metal = std::max(texel.metal, fringe);
      texel.height = mix(texel.height, 9.0f + 5.0f * crease - 0.5f * std::max(out, 0.0f), fringe);
      texel.sheen = mix(texel.sheen, 0.5f * crease, fringe);
      texel.gloss = mix(texel.gloss, 0.5f, fringe);
      if (fringe > 0.5f && shape > 0.15f) box.add(x, y);
    }
  }
  return box;
}

}  // namespace

MaskBox apply_defect(const Part& part, const PlannedDefect& defect, Surface* surface) {
  switch (defect.kind) {
    case DefectClass::kScratch:
      return apply_scratch(defect, surface);
    case DefectClass::kDent:
      return apply_dent(defect, surface);
    case DefectClass::kStain:
      return apply_stain(defect, surface);
    case DefectClass::kCrack:
      return apply_crack(defect, surface);
    case DefectClass::kMissingHole:
      return apply_missing_hole(part, defect, surface);
    case DefectClass::kBurr:
      return apply_burr(part, defect, surface);
  }
  return {};
}

}  // namespace pawl::platform::synthetic
