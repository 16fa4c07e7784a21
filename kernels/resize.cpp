#include "kernels/resize.h"

#include <algorithm>
#include <cmath>

namespace pawl::kernels {
namespace {

float source_coordinate(ResizeCoordinate rule, int32_t o, int32_t in, int32_t out, float scale) {
  const auto position = static_cast<float>(o);
  switch (rule) {
    case ResizeCoordinate::kHalfPixel:
      return (position + 0.5F) / scale - 0.5F;
    case ResizeCoordinate::kPytorchHalfPixel:
      return out > 1 ? (position + 0.5F) / scale - 0.5F : 0.0F;
    case ResizeCoordinate::kAlignCorners:
      if (out == 1) return 0.0F;
      return position * static_cast<float>(in - 1) / static_cast<float>(out - 1);
    case ResizeCoordinate::kAsymmetric:
      return position / scale;
  }
  return 0.0F;
}

float round_coordinate(ResizeNearest rule, float coordinate) {
  switch (rule) {
    case ResizeNearest::kRoundPreferFloor:
      return std::ceil(coordinate - 0.5F);
    case ResizeNearest::kRoundPreferCeil:
      return std::round(coordinate);
    case ResizeNearest::kFloor:
      return std::floor(coordinate);
    case ResizeNearest::kCeil:
      return std::ceil(coordinate);
  }
  return coordinate;
}

// Clamped before the conversion, which is undefined outside int32. A NaN becomes 0.
int32_t clamp_index(float coordinate, int32_t in) {
  if (!(coordinate > 0.0F)) return 0;
  if (coordinate >= static_cast<float>(in)) return in - 1;
  return std::min(static_cast<int32_t>(coordinate), in - 1);
}

}  // namespace

void make_nearest_table(ResizeCoordinate coordinate, ResizeNearest nearest, int32_t in, int32_t out,
                        float scale, int32_t* index) {
  for (int32_t o = 0; o < out; ++o) {
    const float source = source_coordinate(coordinate, o, in, out, scale);
    index[o] = clamp_index(round_coordinate(nearest, source), in);
  }
}

void make_linear_table(ResizeCoordinate coordinate, int32_t in, int32_t out, float scale,
                       int32_t* index0, int32_t* index1, float* t) {
  for (int32_t o = 0; o < out; ++o) {
    const float source = source_coordinate(coordinate, o, in, out, scale);
    index0[o] = clamp_index(source, in);
    index1[o] = std::min(index0[o] + 1, in - 1);
    // Zero at and beyond both borders, where the two samples are one.
    const float offset = source - static_cast<float>(index0[o]);
    t[o] = index1[o] > index0[o] && offset > 0.0F ? offset : 0.0F;
  }
}

}  // namespace pawl::kernels
