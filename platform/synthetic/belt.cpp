#include "platform/synthetic/belt.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "platform/synthetic/scene_math.h"

namespace pawl::platform::synthetic {
namespace {

constexpr float kRailHeight = 42.0f;    // nominal pixels
constexpr float kBeltPeriod = 2080.0f;  // the belt's texture repeats, with one seam, after this

uint8_t to_byte(float value) {
  return static_cast<uint8_t>(clamp01(value) * 255.0f + 0.5f);
}

// Luminance of the belt at nominal (x, y); x in [0, kBeltPeriod).
float belt_tone(float x, float y, uint32_t key) {
  // A woven rubber: a fine checker of ribs under worn patches and long scuffs.
  const float weave = sin_turns(x * 0.125f) * sin_turns(y * 0.125f);
  const float grain = noise(x * 0.7f, y * 0.7f, key) - 0.5f;
  // Fading into itself over the last 200 pixels makes the worn patches periodic.
  const float wrap = clamp01((x - (kBeltPeriod - 200.0f)) / 200.0f);
  const float worn_here = cloud(x * 0.006f, y * 0.009f, key + 3u);
  const float worn_next = cloud((x - kBeltPeriod) * 0.006f, y * 0.009f, key + 3u);
  const float worn = mix(worn_here, worn_next, wrap) - 0.5f;
  const float scuff =
      smooth_step(0.74f, 0.9f, noise(x * 0.012f, y * 0.32f, key + 8u)) * (1.0f - wrap);
  float tone = 0.158f + 0.016f * weave + 0.035f * grain + 0.075f * worn + 0.045f * scuff;
  // The vulcanised joint: a slanted dark line with a lighter lip, and stitches beside it.
  const float joint = x - 320.0f - y * 0.22f;
  tone -= 0.07f * bell(joint / 4.0f);
  tone += 0.045f * bell((joint - 6.0f) / 3.5f);
  const float stitch = bell((std::fabs(joint - 1.0f) - 18.0f) / 2.5f);
  if (stitch > 0.0f && sin_turns(y / 26.0f) > 0.1f) tone += 0.07f * stitch;
  return tone;
}

// Rail luminance at nominal (x, depth), depth 0 at the picture's edge, kRailHeight at the belt.
float rail_tone(float x, float depth, uint32_t key) {
  float tone = 0.52f + 0.10f * (noise(x * 0.012f, depth * 1.1f, key) - 0.5f) +
               0.05f * (noise(x * 0.3f, depth * 1.7f, key + 2u) - 0.5f);
  tone *= 0.75f + 0.4f * bell((depth - 31.0f) / 16.0f);
  tone -= 0.38f * smooth_step(4.0f, 2.0f, std::fabs(depth - 13.0f));  // the profile's slot
  tone += 0.16f * bell((depth - 18.0f) / 2.0f);
  tone *= smooth_step(kRailHeight + 0.5f, kRailHeight - 3.0f, depth) * 0.8f + 0.2f;
  // A button-head screw every 190 pixels.
  const float bx = x - (std::floor(x / 190.0f) + 0.5f) * 190.0f;
  const float by = depth - 29.0f;
  const float r = std::sqrt(bx * bx + by * by);
  const float head = smooth_step(7.6f, 6.4f, r);
  const float dome = 0.42f - 0.03f * (bx + by) + 0.10f * bell(r / 7.0f);
  tone = mix(tone * (1.0f - 0.5f * bell((r - 8.0f) / 3.5f)), dome, head);
  return mix(tone, 0.10f, smooth_step(3.4f, 2.6f, r));
}

}  // namespace

Belt::Belt(uint64_t seed, int width, int height, float scale, int smear)
    : width_(width),
      height_(height),
      rail_(static_cast<int>(kRailHeight * scale)),
      period_(std::max(1, static_cast<int>(kBeltPeriod * scale))),
      belt_(3 * static_cast<size_t>(period_) * static_cast<size_t>(height)),
      rails_(3 * static_cast<size_t>(width) * static_cast<size_t>(height)) {
  paint_belt(seed, scale, std::max(1, smear));
  paint_rails(seed, scale);
}

void Belt::paint_belt(uint64_t seed, float scale, int smear) {
  const uint32_t key = static_cast<uint32_t>(mix_bits(seed ^ 0xBE17ull));
  const float hue = unit_float(mix_bits(seed ^ 0x40Eull));  // between bluish and greenish grey
  std::vector<float> row(static_cast<size_t>(period_));
  for (int y = rail_; y < height_ - rail_; ++y) {
    const float ny = (static_cast<float>(y) + 0.5f) / scale;
    const float to_rail = static_cast<float>(std::min(y - rail_, height_ - rail_ - 1 - y)) / scale;
    const float shaded = 0.45f + 0.55f * smooth_step(-4.0f, 26.0f, to_rail);
    for (int x = 0; x < period_; ++x) {
      row[static_cast<size_t>(x)] =
          shaded * belt_tone((static_cast<float>(x) + 0.5f) / scale, ny, key);
    }
    uint8_t* out = &belt_[3 * static_cast<size_t>(y) * static_cast<size_t>(period_)];
    for (int x = 0; x < period_; ++x) {
      float sum = 0.0f;
      for (int k = 0; k < smear; ++k) sum += row[static_cast<size_t>((x + k) % period_)];
      const float tone = sum / static_cast<float>(smear);
      out[3 * x] = to_byte(tone * mix(1.10f, 0.94f, hue));
      out[3 * x + 1] = to_byte(tone * mix(1.00f, 1.05f, hue));
      out[3 * x + 2] = to_byte(tone * 0.92f);
    }
  }
}

void Belt::paint_rails(uint64_t seed, float scale) {
  const uint32_t key = static_cast<uint32_t>(mix_bits(seed ^ 0x4A11ull));
  for (int y = 0; y < height_; ++y) {
    if (!on_rail(y)) continue;
    const float depth = (static_cast<float>(std::min(y, height_ - 1 - y)) + 0.5f) / scale;
    uint8_t* out = &rails_[3 * static_cast<size_t>(y) * static_cast<size_t>(width_)];
    for (int x = 0; x < width_; ++x) {
      const float tone = rail_tone((static_cast<float>(x) + 0.5f) / scale, depth, key);
      out[3 * x] = to_byte(tone * 1.02f);
      out[3 * x + 1] = to_byte(tone);
      out[3 * x + 2] = to_byte(tone * 0.98f);
    }
  }
}

void Belt::copy_row(int y, int64_t travel, uint8_t* bgr) const {
  const size_t row = static_cast<size_t>(y);
  const size_t width = static_cast<size_t>(width_);
  if (on_rail(y)) {
    std::memcpy(bgr, &rails_[3 * row * width], 3 * width);
    return;
  }
  const size_t period = static_cast<size_t>(period_);
  const uint8_t* belt = &belt_[3 * row * period];
  const int64_t back = ((-travel) % period_ + period_) % period_;
  size_t from = static_cast<size_t>(back);
  for (size_t x = 0; x < width;) {
    const size_t run = std::min(width - x, period - from);
    std::memcpy(bgr + 3 * x, belt + 3 * from, 3 * run);
    x += run;
    from = 0;
  }
}

}  // namespace pawl::platform::synthetic
