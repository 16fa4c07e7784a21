// Camera bytes to network input: colour order, bilinear resize into a padded canvas, normalisation,
// as kernels/letterbox.h, whose bytes it gives bit for bit.
//   y[oy,ox,c] = half((pixel[oy,ox,order(c)] - mean[c]) * scale[c])   or the bytes as they are
//
// A launch is recorded once and serves every frame: what a frame says of itself lies in device
// memory before its pixels, one block that is copied for every frame (FrameBlock).
//
// Shapes   y (OH,OW,channels), channels 3 or 1; pixels lie y_pixel_stride elements apart. The
//          channels of y up to the next multiple of 8 are written as zero in float16.
// Requires sm_50. y 16-byte aligned; y_pixel_stride a multiple of 8 in float16.
// Error    bytes: none against cpu/letterbox/scalar.cpp. float16: one rounding of its float.
//
// Included by device code: C++17.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cuda/launch.h"
#include "kernels/letterbox.h"

namespace pawl::kernels::cuda {

// What changes with a frame. Offsets count bytes from the start of this header.
struct FrameHeader {
  int32_t layout;  // PixelLayout
  int32_t IW, IH;
  int32_t fit_x, fit_y, fit_w, fit_h;
  uint32_t tables;  // int32: column index, column weight [fit_w], row index, row weight [fit_h]
  uint32_t pixels, row_bytes;
  uint32_t uv, uv_row_bytes;  // kNv12
};

// The block of a frame: header, tables, rows of pixels, rows of chroma.
size_t frame_block_bytes(const LetterboxParams& frame);
// Fills a block of that size; rows are packed.
void fill_frame_block(const LetterboxParams& frame, void* block);

struct LetterboxLaunchParams {
  const FrameHeader* frame;
  int32_t OW, OH, channels;
  int32_t y_pixel_stride;
  bool rgb;
  uint8_t pad_value;
  float mean[3], scale[3];
  uint16_t* y;    // float16 bits; null where y_u8 is set
  uint8_t* y_u8;  // null where y is set
};

Launch letterbox_launch(const LetterboxLaunchParams& params);

}  // namespace pawl::kernels::cuda
