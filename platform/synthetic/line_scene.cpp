#include "platform/synthetic/line_scene.h"

#include <algorithm>
#include <cmath>

#include "platform/synthetic/belt.h"
#include "platform/synthetic/camera_light.h"
#include "platform/synthetic/part_patch.h"
#include "platform/synthetic/scene_math.h"

namespace pawl::platform {
namespace {

using synthetic::Belt;
using synthetic::CameraLight;
using synthetic::kPartReach;
using synthetic::MaskBox;
using synthetic::mix_bits;
using synthetic::Part;
using synthetic::PartPatch;
using synthetic::PatchDefect;
using synthetic::Random;

constexpr int kLanes = 2;
constexpr float kLaneMiddle[kLanes] = {206.0f, 514.0f};  // nominal pixels from the top
constexpr float kPitch = 345.0f;                         // from one part to the next in its lane
constexpr float kLaneShift[kLanes] = {0.0f, 0.47f};      // of a pitch: the lanes are staggered
constexpr float kJitter = 16.0f;
constexpr float kEmptyShare = 0.08f;  // of the places on the belt
constexpr float kVisibleShareMin = 0.4f;

LineOptions clamped(LineOptions options) {
  options.width = std::clamp(options.width, 160, 3840);
  options.height = std::clamp(options.height, 90, 2160);
  options.fps = std::clamp(options.fps, 1.0f, 1000.0f);
  options.speed = std::clamp(options.speed, 0.0f, 5000.0f);
  options.drift = std::clamp(options.drift, 0.0f, 1.0f);
  options.noise = std::clamp(options.noise, 0.0f, 0.2f);
  options.blur = std::clamp(options.blur, 0.0f, 1.0f);
  options.defect_rate = std::clamp(options.defect_rate, 0.0f, 1.0f);
  return options;
}

// One place on the belt, taken by a part or empty. `x`, `y`: its middle in pixels when the belt has
// not moved.
struct Place {
  int lane;
  int64_t slot;
  bool taken;
  uint64_t part_key;
  int64_t x;
  int y;
};

struct CachedPatch {
  int lane;
  int64_t slot;
  PartPatch patch;
};

void blend(const PartPatch& patch, int64_t left, int top, const LineOptions& options, uint8_t* bgr,
           ptrdiff_t stride) {
  const int64_t first = std::max<int64_t>(0, left);
  const int64_t last = std::min<int64_t>(options.width, left + patch.side);
  if (first >= last) return;
  const size_t count = 3 * static_cast<size_t>(last - first);
  for (int y = std::max(0, top); y < std::min(options.height, top + patch.side); ++y) {
    const size_t at = 3 * (static_cast<size_t>(y - top) * static_cast<size_t>(patch.side) +
                           static_cast<size_t>(first - left));
    const uint8_t* through = &patch.through[at];
    const uint8_t* add = &patch.add[at];
    uint8_t* out = bgr + y * stride + 3 * first;
    for (size_t i = 0; i < count; ++i) {
      // (v + 1 + (v >> 8)) >> 8 divides by 255 exactly for v of two bytes' product.
      const unsigned v = static_cast<unsigned>(out[i]) * through[i] + 127u;
      const unsigned sum = ((v + 1u + (v >> 8)) >> 8) + add[i];
      out[i] = static_cast<uint8_t>(std::min(sum, 255u));
    }
  }
}

void label_defects(const PartPatch& patch, int64_t left, int top, const LineOptions& options,
                   std::vector<DefectLabel>* labels) {
  for (const PatchDefect& defect : patch.defects) {
    const float ox = static_cast<float>(left);
    const float oy = static_cast<float>(top);
    const float x1 = ox + static_cast<float>(defect.box.x1);
    const float y1 = oy + static_cast<float>(defect.box.y1);
    const float x2 = ox + static_cast<float>(defect.box.x2);
    const float y2 = oy + static_cast<float>(defect.box.y2);
    const float cx1 = std::max(x1, 0.0f);
    const float cy1 = std::max(y1, 0.0f);
    const float cx2 = std::min(x2, static_cast<float>(options.width));
    const float cy2 = std::min(y2, static_cast<float>(options.height));
    if (cx2 <= cx1 || cy2 <= cy1) continue;
    if ((cx2 - cx1) * (cy2 - cy1) < kVisibleShareMin * (x2 - x1) * (y2 - y1)) continue;
    labels->push_back({static_cast<int>(defect.kind), cx1, cy1, cx2, cy2});
  }
}

}  // namespace

class LineScene::Impl {
 public:
  explicit Impl(const LineOptions& options)
      : options_(clamped(options)),
        scale_(static_cast<float>(options_.height) / 720.0f),
        step_(options_.speed * scale_ / options_.fps),
        smear_(std::clamp(static_cast<int>(step_ * options_.blur + 0.5f), 1, 64)),
        belt_(options_.seed, options_.width, options_.height, scale_, smear_),
        light_(options_.seed, options_.width, options_.height, options_.fps, options_.drift,
               options_.noise) {}

  const LineOptions& options() const { return options_; }

  int64_t independent_stride() const {
    const float span = static_cast<float>(options_.width) + 2.0f * kPartReach * scale_;
    return step_ <= 0.0f ? 1 : static_cast<int64_t>(span / step_) + 1;
  }

  void render(int64_t index, uint8_t* bgr, ptrdiff_t stride, std::vector<DefectLabel>* labels) {
    if (labels != nullptr) labels->clear();
    const int64_t travel = travel_at(index);
    for (int y = 0; y < options_.height; ++y) belt_.copy_row(y, travel, bgr + y * stride);
    const int reach = static_cast<int>(kPartReach * scale_ + 1.0f);
    drop_patches_out_of_view(travel, reach);
    for (int lane = 0; lane < kLanes; ++lane) {
      const int64_t pitch = pitch_pixels();
      // Slots run against the motion: slot s stands at s * pitch + travel.
      const int64_t low = (-travel - 2 * reach) / pitch - 2;
      const int64_t high = (options_.width - travel + 2 * reach) / pitch + 2;
      for (int64_t slot = low; slot <= high; ++slot) {
        const Place place = place_at(lane, slot);
        const int64_t left = place.x + travel - reach;
        if (!place.taken || left >= options_.width || left + 2 * reach <= 0) continue;
        const PartPatch& patch = patch_of(place);
        blend(patch, left, place.y - reach, options_, bgr, stride);
        if (labels != nullptr) label_defects(patch, left, place.y - reach, options_, labels);
      }
    }
    light_.expose(index, bgr, stride);
  }

 private:
  // Whole pixels, from the step in 1/65536 pixel, so that a jump and a walk arrive at the same
  // place.
  int64_t travel_at(int64_t index) const {
    const int64_t step = static_cast<int64_t>(step_ * 65536.0f + 0.5f);
    const int64_t fixed = index * step;
    return fixed >= 0 ? fixed >> 16 : -((-fixed) >> 16);
  }

  int64_t pitch_pixels() const {
    return std::max<int64_t>(1, static_cast<int64_t>(kPitch * scale_));
  }

  Place place_at(int lane, int64_t slot) const {
    const uint64_t key = mix_bits(mix_bits(options_.seed * 2 + static_cast<uint64_t>(lane)) ^
                                  static_cast<uint64_t>(slot));
    Random random(key);
    Place place = {lane, slot, !random.chance(kEmptyShare), random.next(), 0, 0};
    const float dx = random.uniform(-kJitter, kJitter) + kLaneShift[lane] * kPitch;
    const float dy = random.uniform(-kJitter, kJitter) * 0.4f + kLaneMiddle[lane];
    place.x = slot * pitch_pixels() + static_cast<int64_t>(std::floor(dx * scale_));
    place.y = static_cast<int>(dy * scale_);
    return place;
  }

  void drop_patches_out_of_view(int64_t travel, int reach) {
    const auto gone = [&](const CachedPatch& cached) {
      const int64_t left = place_at(cached.lane, cached.slot).x + travel - reach;
      return left >= options_.width || left + 2 * reach <= 0;
    };
    patches_.erase(std::remove_if(patches_.begin(), patches_.end(), gone), patches_.end());
  }

  const PartPatch& patch_of(const Place& place) {
    for (const CachedPatch& cached : patches_) {
      if (cached.lane == place.lane && cached.slot == place.slot) return cached.patch;
    }
    const Part part = synthetic::make_part(place.part_key);
    patches_.push_back({place.lane, place.slot,
                        synthetic::render_part_patch(part, options_.defect_rate, scale_, smear_)});
    return patches_.back().patch;
  }

  LineOptions options_;
  float scale_;  // pixels per nominal pixel
  float step_;   // belt motion, pixels a frame
  int smear_;
  Belt belt_;
  CameraLight light_;
  std::vector<CachedPatch> patches_;
};

LineScene::LineScene(const LineOptions& options) : impl_(std::make_unique<Impl>(options)) {}
LineScene::~LineScene() = default;
LineScene::LineScene(LineScene&&) noexcept = default;
LineScene& LineScene::operator=(LineScene&&) noexcept = default;

const LineOptions& LineScene::options() const {
  return impl_->options();
}

void LineScene::render(int64_t index, uint8_t* bgr, ptrdiff_t stride,
                       std::vector<DefectLabel>* labels) {
  impl_->render(index, bgr, stride, labels);
}

int64_t LineScene::independent_stride() const {
  return impl_->independent_stride();
}

}  // namespace pawl::platform
