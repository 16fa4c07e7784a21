// Arithmetic of the synthetic line that gives the same bits on every machine.
//
// Only + - * / sqrt and floor are used (all correctly rounded by IEEE 754); the trigonometry is our
// own polynomial, because the last bits of libm differ between vendors and a flipped bit in a
// threshold would move a label. The sources that include this are compiled with -ffp-contract=off.
// Angles are in turns: 1 turn = 360 degrees, so range reduction is one floor().
#pragma once

#include <cmath>
#include <cstdint>

namespace pawl::platform::synthetic {

inline float clamp01(float x) {
  return x < 0.0f ? 0.0f : (x > 1.0f ? 1.0f : x);
}

inline float mix(float a, float b, float t) {
  return a + (b - a) * t;
}

// 0 below `low`, 1 above `high`, cubic between; `low` may be above `high` (the step then falls).
inline float smooth_step(float low, float high, float x) {
  const float t = clamp01((x - low) / (high - low));
  return t * t * (3.0f - 2.0f * t);
}

// A bump of height 1 at 0 that reaches 0 with zero slope at |x| = 1; stands in for a Gaussian.
inline float bell(float x) {
  const float t = 1.0f - x * x;
  return t <= 0.0f ? 0.0f : t * t;
}

// Error below 2e-4.
inline float sin_turns(float turns) {
  float t = turns - std::floor(turns) - 0.5f;
  if (t > 0.25f) t = 0.5f - t;
  if (t < -0.25f) t = -0.5f - t;
  const float a = t * 6.2831853f;
  const float a2 = a * a;
  return -a * (1.0f - a2 * (1.0f / 6.0f) * (1.0f - a2 * 0.05f * (1.0f - a2 * (1.0f / 42.0f))));
}

inline float cos_turns(float turns) {
  return sin_turns(turns + 0.25f);
}

// Angle of (x, y) in turns, in [-0.5, 0.5]; 0 for the origin. Error below 1e-4 turns.
inline float angle_turns(float y, float x) {
  const float ax = std::fabs(x);
  const float ay = std::fabs(y);
  const float large = ax > ay ? ax : ay;
  if (large == 0.0f) return 0.0f;
  const float q = (ax > ay ? ay : ax) / large;
  const float q2 = q * q;
  float t = q * (0.1591336f -
                 q2 * (0.0525688f - q2 * (0.0286703f - q2 * (0.0135494f - q2 * 0.0033160f))));
  if (ay > ax) t = 0.25f - t;
  if (x < 0.0f) t = 0.5f - t;
  return y < 0.0f ? -t : t;
}

// One step of SplitMix64 (Steele, Lea, Flood 2014): a good 64-bit mix of any integer.
inline uint64_t mix_bits(uint64_t x) {
  x += 0x9E3779B97F4A7C15ull;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
  return x ^ (x >> 31);
}

// Uniform in [0, 1) from the top 24 bits; exact in float.
inline float unit_float(uint64_t bits) {
  return static_cast<float>(bits >> 40) * (1.0f / 16777216.0f);
}

// A small generator. Draw one value a statement: argument evaluation order is unspecified in C++.
class Random {
 public:
  explicit Random(uint64_t key) : state_(mix_bits(key)) {}
  uint64_t next() { return mix_bits(state_++ * 0xD1342543DE82EF95ull); }
  float uniform(float low, float high) { return low + (high - low) * unit_float(next()); }
  int below(int count) { return static_cast<int>((next() >> 33) % static_cast<uint64_t>(count)); }
  bool chance(float probability) { return unit_float(next()) < probability; }

 private:
  uint64_t state_;
};

// Lattice noise in [0, 1], smooth, period far beyond any frame.
inline float lattice(int32_t x, int32_t y, uint32_t key) {
  uint32_t h =
      static_cast<uint32_t>(x) * 0x8DA6B343u + static_cast<uint32_t>(y) * 0xD8163841u + key;
  h = (h ^ (h >> 15)) * 0x2C1B3C6Du;
  h = (h ^ (h >> 12)) * 0x297A2D39u;
  return static_cast<float>((h ^ (h >> 15)) >> 8) * (1.0f / 16777216.0f);
}

inline float noise(float x, float y, uint32_t key) {
  const float fx = std::floor(x);
  const float fy = std::floor(y);
  const int32_t ix = static_cast<int32_t>(fx);
  const int32_t iy = static_cast<int32_t>(fy);
  float tx = x - fx;
  float ty = y - fy;
  tx = tx * tx * (3.0f - 2.0f * tx);
  ty = ty * ty * (3.0f - 2.0f * ty);
  const float top = mix(lattice(ix, iy, key), lattice(ix + 1, iy, key), tx);
  const float low = mix(lattice(ix, iy + 1, key), lattice(ix + 1, iy + 1, key), tx);
  return mix(top, low, ty);
}

// Three octaves of noise, in [0, 1].
inline float cloud(float x, float y, uint32_t key) {
  return 0.57f * noise(x, y, key) + 0.29f * noise(x * 2.1f + 7.3f, y * 2.1f + 3.9f, key + 1u) +
         0.14f * noise(x * 4.3f + 1.7f, y * 4.3f + 9.1f, key + 2u);
}

}  // namespace pawl::platform::synthetic
