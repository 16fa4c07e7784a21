// Resize of the spatial dimensions, NHWC, float32.
// Shapes   x (IH,IW,C), y (OH,OW,C); pixel strides as in conv.h. y does not overlap x.
// Tables   precomputed by the compiler, so that every coordinate rule of ONNX is one code path:
//          nearest: y[oy,ox,c] = x[row0[oy], col0[ox], c]
//          linear:  bilinear between rows row0[oy], row1[oy] with weight row_t[oy] of row1; the
//                   same for columns. Indices are inside the image.
// Threads  as conv.h. Error: nearest exact; linear 1e-6 * max |x|.
#pragma once

#include <cstdint>

namespace pawl::kernels {

enum class ResizeKind : uint8_t { kNearest = 0, kLinear = 1 };  // frozen

struct ResizeParams {
  ResizeKind kind;
  int32_t IH, IW, C;
  int32_t OH, OW;
  int32_t x_pixel_stride, y_pixel_stride;
  const float* x;
  float* y;
  const int32_t* row0;  // (OH)
  const int32_t* row1;  // (OH); linear only
  const float* row_t;   // (OH); linear only
  const int32_t* col0;  // (OW)
  const int32_t* col1;  // (OW); linear only
  const float* col_t;   // (OW); linear only
};

// How ONNX Resize maps an output index to an input coordinate; frozen.
enum class ResizeCoordinate : uint8_t {
  kHalfPixel = 0,         // (o + 1/2) / scale - 1/2
  kPytorchHalfPixel = 1,  // the same; 0 when out == 1
  kAlignCorners = 2,      // o * (in - 1) / (out - 1); 0 when out == 1
  kAsymmetric = 3,        // o / scale
};

// How a coordinate becomes an index; frozen.
enum class ResizeNearest : uint8_t {
  kRoundPreferFloor = 0,
  kRoundPreferCeil = 1,
  kFloor = 2,
  kCeil = 3,
};

// One axis of the tables above: `out` entries for an axis of `in` samples, both at least 1. `scale`
// is the operator's float32 scale, or out/in in float32 when the model gives sizes; coordinates are
// computed in float32, as ONNX Runtime computes them, and indices clamped into [0, in).
void make_nearest_table(ResizeCoordinate coordinate, ResizeNearest nearest, int32_t in, int32_t out,
                        float scale, int32_t* index);
void make_linear_table(ResizeCoordinate coordinate, int32_t in, int32_t out, float scale,
                       int32_t* index0, int32_t* index1, float* t);

}  // namespace pawl::kernels
