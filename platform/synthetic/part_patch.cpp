#include "platform/synthetic/part_patch.h"

#include <cmath>

#include "platform/synthetic/scene_math.h"

namespace pawl::platform::synthetic {
namespace {

// The lamp stands above, towards the picture's upper left.
constexpr float kLightX = -0.42f;
constexpr float kLightY = -0.50f;
constexpr float kLightZ = 0.757f;
constexpr float kShadowX = 9.0f;  // how far the shadow falls, nominal pixels
constexpr float kShadowY = 11.0f;
constexpr float kShadowBlur = 7.0f;
constexpr float kShadowDepth = 0.62f;

// Premultiplied colour and what is left of the belt, 0..1.
struct Lit {
  float blue, green, red, through;
};

Lit shade(const Surface& surface, int x, int y, float shadow) {
  const Texel& texel = surface.at(x, y);
  const float belt = 1.0f - kShadowDepth * shadow;
  if (texel.coverage <= 0.0f) return {0.0f, 0.0f, 0.0f, belt};
  const float slope = 0.5f * surface.scale();
  const float nx = (surface.at(x - 1, y).height - surface.at(x + 1, y).height) * slope;
  const float ny = (surface.at(x, y - 1).height - surface.at(x, y + 1).height) * slope;
  const float length = std::sqrt(nx * nx + ny * ny + 1.0f);
  const float facing = (nx * kLightX + ny * kLightY + kLightZ) / length;
  const float diffuse = facing > 0.0f ? facing : 0.0f;
  // Half way between the lamp and the camera straight above: (L + (0,0,1)) normalised.
  const float half = (nx * kLightX + ny * kLightY + kLightZ + 1.0f) / (length * 1.8747f);
  const float h2 = half > 0.0f ? half * half : 0.0f;
  const float h8 = h2 * h2 * h2 * h2;
  const float mirror = texel.gloss * (0.25f * texel.sheen + 0.22f * h8 * h8);
  const float light = 0.18f + 0.78f * diffuse;
  const float cover = texel.coverage;
  return {cover * clamp01(texel.blue * light + mirror),
          cover * clamp01(texel.green * light + mirror),
          cover * clamp01(texel.red * light + mirror), (1.0f - cover) * belt};
}

// Running mean over 2 * radius + 1 samples, zero beyond the ends.
void box_blur(const float* in, float* out, int count, ptrdiff_t step, int radius) {
  const float scale = 1.0f / static_cast<float>(2 * radius + 1);
  for (int i = 0; i < count; ++i) {
    float sum = 0.0f;
    const int low = std::max(0, i - radius);
    const int high = std::min(count - 1, i + radius);
    for (int j = low; j <= high; ++j) sum += in[j * step];
    out[i * step] = sum * scale;
  }
}

// The part's outline, shifted away from the lamp and softened.
std::vector<float> cast_shadow(const Surface& surface) {
  const int side = surface.side();
  const size_t count = static_cast<size_t>(side) * static_cast<size_t>(side);
  const int dx = static_cast<int>(kShadowX * surface.scale());
  const int dy = static_cast<int>(kShadowY * surface.scale());
  const int radius = std::max(1, static_cast<int>(kShadowBlur * surface.scale()));
  std::vector<float> a(count);
  std::vector<float> b(count);
  for (int y = dy; y < side; ++y) {
    for (int x = dx; x < side; ++x) {
      a[static_cast<size_t>(y * side + x)] = surface.at(x - dx, y - dy).coverage;
    }
  }
  for (int y = 0; y < side; ++y)
    box_blur(&a[static_cast<size_t>(y * side)], &b[static_cast<size_t>(y * side)], side, 1, radius);
  for (int x = 0; x < side; ++x)
    box_blur(&b[static_cast<size_t>(x)], &a[static_cast<size_t>(x)], side, side, radius);
  return a;
}

uint8_t to_byte(float value) {
  return static_cast<uint8_t>(clamp01(value) * 255.0f + 0.5f);
}

// Averages `smear` neighbours of one lit row and stores it.
void store_row(const std::vector<Lit>& row, int smear, int y, PartPatch* patch) {
  const int side = patch->side;
  const float scale = 1.0f / static_cast<float>(smear);
  for (int x = 0; x < side; ++x) {
    Lit sum = {0.0f, 0.0f, 0.0f, 0.0f};
    for (int k = 0; k < smear; ++k) {
      const int from = std::clamp(x + k - smear / 2, 0, side - 1);
      const Lit& lit = row[static_cast<size_t>(from)];
      sum.blue += lit.blue;
      sum.green += lit.green;
      sum.red += lit.red;
      sum.through += lit.through;
    }
    const size_t at =
        3 * (static_cast<size_t>(y) * static_cast<size_t>(side) + static_cast<size_t>(x));
    patch->add[at] = to_byte(sum.blue * scale);
    patch->add[at + 1] = to_byte(sum.green * scale);
    patch->add[at + 2] = to_byte(sum.red * scale);
    const uint8_t through = to_byte(sum.through * scale);
    patch->through[at] = patch->through[at + 1] = patch->through[at + 2] = through;
  }
}

}  // namespace

PartPatch render_part_patch(const Part& part, float defect_rate, float scale, int smear) {
  const int side = 2 * static_cast<int>(kPartReach * scale + 1.0f);
  Surface surface(side, scale);
  const std::vector<PlannedDefect> planned = plan_defects(part, defect_rate);
  int missing_hole = -1;
  for (const PlannedDefect& defect : planned) {
    if (defect.kind == DefectClass::kMissingHole) missing_hole = defect.hole;
  }
  paint_part(part, missing_hole, &surface);

  PartPatch patch;
  patch.side = side;
  for (const PlannedDefect& defect : planned) {
    const MaskBox box = apply_defect(part, defect, &surface);
    if (!box.empty()) patch.defects.push_back({defect.kind, box});
  }

  const size_t bytes = 3 * static_cast<size_t>(side) * static_cast<size_t>(side);
  patch.through.assign(bytes, 255);
  patch.add.assign(bytes, 0);
  const std::vector<float> shadow = cast_shadow(surface);
  std::vector<Lit> row(static_cast<size_t>(side), Lit{0.0f, 0.0f, 0.0f, 1.0f});
  for (int y = 1; y < side - 1; ++y) {
    for (int x = 1; x < side - 1; ++x) {
      row[static_cast<size_t>(x)] = shade(surface, x, y, shadow[static_cast<size_t>(y * side + x)]);
    }
    store_row(row, std::max(1, smear), y, &patch);
  }
  return patch;
}

}  // namespace pawl::platform::synthetic
