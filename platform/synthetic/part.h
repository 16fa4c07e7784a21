// The geometry of one machined part: outline, holes, turned steps, material. No pixels.
//
// Lengths are in nominal pixels (those of a 1280x720 frame). Local coordinates (u, v) have their
// origin in the part's middle and turn with the part; `to_local` takes picture-aligned offsets (x
// right, y down) there.
#pragma once

#include <cstdint>
#include <vector>

namespace pawl::platform::synthetic {

enum class PartKind { kFlange, kPlate, kGear, kBracket };

struct Hole {
  float u, v, radius;
  bool bolt;  // one of the bolt pattern, hence one that can be missing; otherwise a bore
};

// A raised or sunken turned ring of a flange or gear: `height` is added inside `radius`.
struct TurnedStep {
  float radius, height;
};

struct Material {
  float blue, green, red;  // albedo, 0..1
  float gloss;             // 0 matt .. 1 mirror-like
};

struct Part {
  PartKind kind = PartKind::kFlange;
  Material material = {};
  uint64_t key = 0;  // seeds everything drawn on this part
  float cosine = 1.0f, sine = 0.0f;
  float radius = 0.0f;                 // flange, gear: outer
  float half_u = 0.0f, half_v = 0.0f;  // plate, bracket
  float arm = 0.0f;                    // bracket: half width of its two arms
  float corner = 0.0f;                 // plate, bracket: corner radius
  float chamfer = 6.0f;                // width of the broken edge
  int teeth = 0;                       // gear
  std::vector<Hole> holes;
  std::vector<TurnedStep> steps;

  void to_local(float x, float y, float* u, float* v) const {
    *u = cosine * x + sine * y;
    *v = cosine * y - sine * x;
  }
  void to_picture(float u, float v, float* x, float* y) const {
    *x = cosine * u - sine * v;
    *y = sine * u + cosine * v;
  }
  bool turned() const { return kind == PartKind::kFlange || kind == PartKind::kGear; }
};

// Half the side of the square that holds any part, its burrs and its shadow.
inline constexpr float kPartReach = 172.0f;

Part make_part(uint64_t key);

// Signed distance to the outline ignoring holes, negative inside; close to Euclidean near the edge.
float outline_distance(const Part& part, float u, float v);

// Signed distance to the nearest hole, negative within one; large when the part has none. `skip`
// names a hole to leave out (-1: none).
float hole_distance(const Part& part, float u, float v, int skip);

}  // namespace pawl::platform::synthetic
