// Where an output pixel of Resize reads its input: one definition for the reference executor, the
// plan and the tests, along one dimension.
//
//   asymmetric          source = x / scale
//   half_pixel          source = (x + 0.5) / scale - 0.5
//   pytorch_half_pixel  as half_pixel; 0 if the output extent is 1
//   align_corners       source = x * (in - 1) / (out - 1); 0 if the output extent is 1
//
// Computed in float32: exporters write scales such as 1/3 rounded to float32 and expect
// 3 / (1/3) to be 9 again, which double arithmetic would turn into 8.99999.
#pragma once

#include <cstdint>
#include <string_view>

namespace pawl::engine {

enum class Coordinate : uint8_t { kAsymmetric, kHalfPixel, kPytorchHalfPixel, kAlignCorners };
enum class Nearest : uint8_t { kFloor, kCeil, kRoundPreferFloor, kRoundPreferCeil };

// From the attribute texts of op.h. False if the text is none of them.
bool parse_coordinate(std::string_view text, Coordinate* coordinate);
bool parse_nearest(std::string_view text, Nearest* nearest);

struct ResampledAxis {
  int64_t in = 1;  // extents
  int64_t out = 1;
  float scale = 1;  // out / in, or as the model file states it
  Coordinate coordinate = Coordinate::kAsymmetric;
};

// Requires 0 <= x < axis.out. May lie outside [0, in - 1].
float source_coordinate(const ResampledAxis& axis, int64_t x);

// The one input index that mode "nearest" reads, inside [0, in - 1].
int64_t nearest_index(const ResampledAxis& axis, Nearest nearest, int64_t x);

// The two input indices that mode "linear" blends: (1 - weight) * x[low] + weight * x[high].
struct LinearTap {
  int64_t low;
  int64_t high;
  float weight;
};
LinearTap linear_tap(const ResampledAxis& axis, int64_t x);

}  // namespace pawl::engine
