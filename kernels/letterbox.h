// Camera bytes to network input: colour order, bilinear resize into a padded canvas, normalisation.
//   y[oy,ox,c] = (pixel[oy,ox,order(c)] - mean[c]) * scale[c]   inside the fitted image
//   y[oy,ox,c] = (pad_value - mean[c]) * scale[c]               outside
// The resize is the 11-bit fixed-point bilinear rule of OpenCV's 8-bit INTER_LINEAR, reproduced bit
// for bit, so that boxes equal those of the Python pipeline the model was trained with.
//
// Shapes   frame as in platform/frame.h (described by plain fields here); y (OH,OW,3) float32 or
//          (OH,OW,1) when channels == 1. The fitted image is fit_w x fit_h at (fit_x, fit_y), all
//          of it inside y; all extents are at least 1, IW and IH at most 2^24.
//          NV12 sizes may be odd: the chroma of pixel (x,y) is uv[y/2][x/2].
// Colour   NV12 is BT.601, limited range; gray of a colour frame is BT.601 luma, Gray8 to three
//          channels repeats it: OpenCV's fixed-point conversions, done before the resize.
// Tables   col_index/col_weight (fit_w), row_index/row_weight (fit_h): first source index, -1 to
//          IW-1 (IH-1), and the 11-bit weight of the *next* one (0..2048), made by
//          make_resize_table. The kernel repeats the border pixel for both taps. (Clamping index
//          and weight in the table instead would change the rounding of the border rows.)
// scratch  letterbox_scratch_bytes() bytes a part, one part after the other; 64-byte aligned.
// Threads  as conv.h (rows of y are split). Error: exact against cpu/letterbox/scalar.cpp.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pawl::kernels {

enum class PixelLayout : uint8_t { kBgr8 = 0, kRgb8 = 1, kGray8 = 2, kNv12 = 3 };

struct LetterboxParams {
  PixelLayout layout;
  int32_t IW, IH;
  ptrdiff_t stride;  // bytes
  const uint8_t* data;
  const uint8_t* uv;  // kNv12
  ptrdiff_t uv_stride;

  int32_t OW, OH, channels;  // channels 3 or 1
  int32_t fit_x, fit_y, fit_w, fit_h;
  bool rgb;  // channel 0 of y is red (else blue); ignored for one channel
  uint8_t pad_value;
  float mean[3], scale[3];  // in y's channel order
  const int32_t* col_index;
  const int32_t* col_weight;
  const int32_t* row_index;
  const int32_t* row_weight;
  float* y;
  uint8_t* y_u8;  // where set, the bytes are written as they are and y, mean, scale unused
  uint8_t* scratch;
};

size_t letterbox_scratch_bytes(const LetterboxParams& params);

// Source index and weight of each of `out` samples over `in` pixels (half-pixel centres).
void make_resize_table(int32_t in, int32_t out, int32_t* index, int32_t* weight);

}  // namespace pawl::kernels
