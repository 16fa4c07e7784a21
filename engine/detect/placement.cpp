#include "engine/detect/placement.h"

#include <algorithm>
#include <cmath>

namespace pawl::engine {
namespace {

// std::nearbyint rounds half to even in the default rounding mode, as Python's round() does.
int32_t round_half_even(double value) {
  return static_cast<int32_t>(std::nearbyint(value));
}

int32_t into_range(int32_t size, int32_t limit) {
  return std::clamp(size, 1, limit);
}

}  // namespace

FittedFrame fit_frame(const PreprocessSpec& spec, int32_t frame_width, int32_t frame_height) {
  const double gain_x = double{1} * spec.width / frame_width;
  const double gain_y = double{1} * spec.height / frame_height;
  const double gain = std::min(gain_x, gain_y);

  FittedFrame fitted;
  fitted.placement.frame_width = frame_width;
  fitted.placement.frame_height = frame_height;
  fitted.placement.scale_x = static_cast<float>(1.0 / gain);
  fitted.placement.scale_y = static_cast<float>(1.0 / gain);
  switch (spec.fit) {
    case Fit::kLetterboxCentred:
      fitted.width = into_range(round_half_even(frame_width * gain), spec.width);
      fitted.height = into_range(round_half_even(frame_height * gain), spec.height);
      fitted.x = std::max(0, round_half_even((spec.width - fitted.width) / 2.0 - 0.1));
      fitted.y = std::max(0, round_half_even((spec.height - fitted.height) / 2.0 - 0.1));
      break;
    case Fit::kLetterboxTopLeft:
      fitted.width = into_range(static_cast<int32_t>(frame_width * gain), spec.width);
      fitted.height = into_range(static_cast<int32_t>(frame_height * gain), spec.height);
      break;
    case Fit::kStretch:
      fitted.width = spec.width;
      fitted.height = spec.height;
      fitted.placement.scale_x = static_cast<float>(1.0 / gain_x);
      fitted.placement.scale_y = static_cast<float>(1.0 / gain_y);
      break;
  }
  fitted.placement.offset_x = static_cast<float>(fitted.x);
  fitted.placement.offset_y = static_cast<float>(fitted.y);
  return fitted;
}

}  // namespace pawl::engine
