// The specification of letterbox.h: every output pixel on its own, from its four source pixels.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernels/cpu/letterbox/entries.h"

namespace pawl::kernels::cpu {
namespace {

struct Bgr {
  int32_t channel[3];  // blue, green, red
};

uint8_t saturate(int32_t value) {
  return static_cast<uint8_t>(std::clamp(value, 0, 255));
}

// BT.601, limited range, 20-bit fixed point: 1.164, 2.018, -0.391, -0.813, 1.596.
Bgr from_nv12(const LetterboxParams& p, int32_t iy, int32_t ix) {
  const uint8_t* uv = p.uv + p.uv_stride * (iy / 2) + ix / 2 * 2;
  const int32_t luma = std::max(p.data[p.stride * iy + ix] - 16, 0) * 1220542;
  const int32_t u = uv[0] - 128;
  const int32_t v = uv[1] - 128;
  const int32_t half = 1 << 19;
  return {{saturate((luma + 2116026 * u + half) >> 20),
           saturate((luma - 409993 * u - 852492 * v + half) >> 20),
           saturate((luma + 1673527 * v + half) >> 20)}};
}

Bgr source_pixel(const LetterboxParams& p, int32_t iy, int32_t ix) {
  const uint8_t* row = p.data + p.stride * iy;
  switch (p.layout) {
    case PixelLayout::kBgr8:
      return {{row[3 * ix], row[3 * ix + 1], row[3 * ix + 2]}};
    case PixelLayout::kRgb8:
      return {{row[3 * ix + 2], row[3 * ix + 1], row[3 * ix]}};
    case PixelLayout::kGray8:
      return {{row[ix], row[ix], row[ix]}};
    case PixelLayout::kNv12:
      return from_nv12(p, iy, ix);
  }
  return {};
}

int32_t gray(const Bgr& pixel) {
  return (pixel.channel[0] * 3735 + pixel.channel[1] * 19235 + pixel.channel[2] * 9798 + 16384) >>
         15;
}

// Channel c of y, taken from one source pixel; taps beyond the border repeat it.
int32_t source_value(const LetterboxParams& p, int32_t iy, int32_t ix, int32_t c) {
  iy = std::clamp(iy, 0, p.IH - 1);
  ix = std::clamp(ix, 0, p.IW - 1);
  const Bgr pixel = source_pixel(p, iy, ix);
  if (p.channels == 1) return p.layout == PixelLayout::kGray8 ? pixel.channel[0] : gray(pixel);
  return pixel.channel[p.rgb ? 2 - c : c];
}

int32_t resize_columns(const LetterboxParams& p, int32_t iy, int32_t fx, int32_t c) {
  const int32_t weight = p.col_weight[fx];
  return source_value(p, iy, p.col_index[fx], c) * (2048 - weight) +
         source_value(p, iy, p.col_index[fx] + 1, c) * weight;
}

// The shifts and their order are the rule: each row loses its low bits before the sum.
int32_t resize(const LetterboxParams& p, int32_t fy, int32_t fx, int32_t c) {
  const int32_t weight = p.row_weight[fy];
  const int32_t upper = resize_columns(p, p.row_index[fy], fx, c) >> 4;
  const int32_t lower = resize_columns(p, p.row_index[fy] + 1, fx, c) >> 4;
  return (((2048 - weight) * upper >> 16) + (weight * lower >> 16) + 2) >> 2;
}

}  // namespace

void letterbox_scalar(const LetterboxParams& p, int32_t part, int32_t parts) {
  const auto row_begin = static_cast<int32_t>(int64_t{p.OH} * part / parts);
  const auto row_end = static_cast<int32_t>(int64_t{p.OH} * (part + 1) / parts);
  for (int32_t oy = row_begin; oy < row_end; ++oy) {
    const int32_t fy = oy - p.fit_y;
    for (int32_t ox = 0; ox < p.OW; ++ox) {
      const int32_t fx = ox - p.fit_x;
      const bool inside = fy >= 0 && fy < p.fit_h && fx >= 0 && fx < p.fit_w;
      const ptrdiff_t at = (ptrdiff_t{oy} * p.OW + ox) * p.channels;
      for (int32_t c = 0; c < p.channels; ++c) {
        const int32_t value = inside ? resize(p, fy, fx, c) : p.pad_value;
        if (p.y_u8 != nullptr) {
          p.y_u8[at + c] = static_cast<uint8_t>(value);
        } else {
          p.y[at + c] = (static_cast<float>(value) - p.mean[c]) * p.scale[c];
        }
      }
    }
  }
}

}  // namespace pawl::kernels::cpu
