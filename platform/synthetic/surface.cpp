#include "platform/synthetic/surface.h"

#include <cmath>

#include "platform/synthetic/scene_math.h"

namespace pawl::platform::synthetic {
namespace {

constexpr float kFootToFace = 12.0f;  // how far the chamfered edge falls
constexpr float kHoleDepth = 9.0f;
constexpr float kHoleChamfer = 3.0f;

// Tool marks of turning: rings, slightly uneven around the turn. About -1..1.
float turned_marks(float radius, float turn, uint32_t key) {
  const float fine = noise(radius * 0.95f, turn * 9.0f, key);
  const float broad = noise(radius * 0.21f, turn * 3.0f, key + 11u);
  return (fine - 0.5f) * 1.2f + (broad - 0.5f) * 0.8f;
}

// Marks of a brush drawn along u.
float brushed_marks(float u, float v, uint32_t key) {
  const float fine = noise(u * 0.022f, v * 0.9f, key);
  const float broad = noise(u * 0.009f, v * 0.17f, key + 11u);
  return (fine - 0.5f) * 1.2f + (broad - 0.5f) * 0.8f;
}

// Turned metal mirrors a lamp as two bright wedges across the light's direction, brushed metal as
// one soft band.
float turned_sheen(float x, float y) {
  const float cosine = cos_turns((angle_turns(y, x) + 0.13f) * 2.0f);
  const float wedge = 0.5f + 0.5f * cosine;
  return wedge * wedge * wedge;
}

float brushed_sheen(const Part& part, float u, float v) {
  const float offset = unit_float(mix_bits(part.key ^ 0x51EE4ull)) - 0.5f;
  return bell((v * 0.9f + u * 0.22f) / 95.0f - offset * 1.2f);
}

float step_height(const Part& part, float radius) {
  float height = 0.0f;
  for (const TurnedStep& step : part.steps) {
    height += step.height * smooth_step(step.radius + 2.5f, step.radius - 2.5f, radius);
  }
  return height;
}

// Only holes darken the metal below; the walls show through the slope of `height`.
void sink_hole(float hole, Texel* texel) {
  texel->metal = smooth_step(-0.8f, 0.8f, hole);
  texel->height -= kHoleDepth * smooth_step(kHoleChamfer, -1.5f, hole);
  const float dark = mix(0.10f, 1.0f, texel->metal);
  texel->blue *= dark;
  texel->green *= dark;
  texel->red *= dark;
  texel->sheen *= texel->metal;
  texel->gloss *= texel->metal;
}

Texel paint_texel(const Part& part, int missing_hole, float x, float y) {
  float u = 0.0f;
  float v = 0.0f;
  part.to_local(x, y, &u, &v);
  const float outline = outline_distance(part, u, v);
  Texel texel = {};
  texel.coverage = smooth_step(0.7f, -0.7f, outline);
  if (outline > 6.0f) return texel;

  const float radius = std::sqrt(u * u + v * v);
  const uint32_t key = static_cast<uint32_t>(part.key >> 7);
  const float marks =
      part.turned() ? turned_marks(radius, angle_turns(v, u), key) : brushed_marks(u, v, key);
  const float patches = cloud(u * 0.018f, v * 0.018f, key + 29u) - 0.5f;
  const float tone = 1.0f + 0.16f * marks + 0.10f * patches;
  texel.blue = part.material.blue * tone;
  texel.green = part.material.green * tone;
  texel.red = part.material.red * tone;
  texel.height = kFootToFace * smooth_step(0.0f, -part.chamfer, outline);
  if (part.turned()) texel.height += step_height(part, radius);
  texel.sheen =
      (part.turned() ? turned_sheen(x, y) : brushed_sheen(part, u, v)) * (1.0f + marks * 0.5f);
  texel.gloss = part.material.gloss;
  sink_hole(hole_distance(part, u, v, missing_hole), &texel);
  return texel;
}

}  // namespace

void paint_part(const Part& part, int missing_hole, Surface* surface) {
  for (int y = 0; y < surface->side(); ++y) {
    const float ny = surface->nominal(y);
    for (int x = 0; x < surface->side(); ++x) {
      surface->at(x, y) = paint_texel(part, missing_hole, surface->nominal(x), ny);
    }
  }
}

}  // namespace pawl::platform::synthetic
