#include "engine/graph/resampling.h"

#include <algorithm>
#include <cmath>

namespace pawl::engine {

bool parse_coordinate(std::string_view text, Coordinate* coordinate) {
  if (text == "asymmetric") {
    *coordinate = Coordinate::kAsymmetric;
  } else if (text == "half_pixel") {
    *coordinate = Coordinate::kHalfPixel;
  } else if (text == "pytorch_half_pixel") {
    *coordinate = Coordinate::kPytorchHalfPixel;
  } else if (text == "align_corners") {
    *coordinate = Coordinate::kAlignCorners;
  } else {
    return false;
  }
  return true;
}

bool parse_nearest(std::string_view text, Nearest* nearest) {
  if (text == "floor") {
    *nearest = Nearest::kFloor;
  } else if (text == "ceil") {
    *nearest = Nearest::kCeil;
  } else if (text == "round_prefer_floor") {
    *nearest = Nearest::kRoundPreferFloor;
  } else if (text == "round_prefer_ceil") {
    *nearest = Nearest::kRoundPreferCeil;
  } else {
    return false;
  }
  return true;
}

float source_coordinate(const ResampledAxis& axis, int64_t x) {
  const float position = static_cast<float>(x);
  switch (axis.coordinate) {
    case Coordinate::kAsymmetric:
      return position / axis.scale;
    case Coordinate::kHalfPixel:
      return (position + 0.5F) / axis.scale - 0.5F;
    case Coordinate::kPytorchHalfPixel:
      return axis.out > 1 ? (position + 0.5F) / axis.scale - 0.5F : 0.0F;
    case Coordinate::kAlignCorners:
      return axis.out > 1
                 ? position * static_cast<float>(axis.in - 1) / static_cast<float>(axis.out - 1)
                 : 0.0F;
  }
  return 0.0F;
}

int64_t nearest_index(const ResampledAxis& axis, Nearest nearest, int64_t x) {
  const float source = source_coordinate(axis, x);
  float index = std::floor(source);
  switch (nearest) {
    case Nearest::kFloor:
      break;
    case Nearest::kCeil:
      index = std::ceil(source);
      break;
    case Nearest::kRoundPreferFloor:
      if (source - index > 0.5F) index += 1.0F;
      break;
    case Nearest::kRoundPreferCeil:
      if (source - index >= 0.5F) index += 1.0F;
      break;
  }
  return static_cast<int64_t>(std::clamp(index, 0.0F, static_cast<float>(axis.in - 1)));
}

LinearTap linear_tap(const ResampledAxis& axis, int64_t x) {
  const float last = static_cast<float>(axis.in - 1);
  const float source = std::clamp(source_coordinate(axis, x), 0.0F, last);
  const int64_t low = static_cast<int64_t>(source);
  const int64_t high = std::min(low + 1, axis.in - 1);
  return {low, high, source - static_cast<float>(low)};
}

}  // namespace pawl::engine
