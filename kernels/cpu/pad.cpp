#include "kernels/pad.h"

#include <cstddef>
#include <cstring>

namespace pawl::kernels {
namespace {

template <typename Element>
void fill_pixels(const PadParams<Element>& p, Element* y, int32_t count) {
  for (int32_t i = 0; i < count; ++i, y += p.y_pixel_stride) {
    for (int32_t c = 0; c < p.C; ++c) y[c] = p.value;
  }
}

template <typename Element>
void copy_pixels(const PadParams<Element>& p, const Element* x, Element* y) {
  const auto pixel_bytes = static_cast<size_t>(p.C) * sizeof(Element);
  if (p.x_pixel_stride == p.C && p.y_pixel_stride == p.C) {
    std::memcpy(y, x, static_cast<size_t>(p.IW) * pixel_bytes);
    return;
  }
  for (int32_t i = 0; i < p.IW; ++i, x += p.x_pixel_stride, y += p.y_pixel_stride) {
    std::memcpy(y, x, pixel_bytes);
  }
}

template <typename Element>
void pad_rows(const PadParams<Element>& p, int32_t part, int32_t parts) {
  const auto row_begin = static_cast<int32_t>(int64_t{p.OH} * part / parts);
  const auto row_end = static_cast<int32_t>(int64_t{p.OH} * (part + 1) / parts);
  for (int32_t oy = row_begin; oy < row_end; ++oy) {
    Element* y = p.y + ptrdiff_t{oy} * p.OW * p.y_pixel_stride;
    const int32_t iy = oy - p.pad_top;
    if (iy < 0 || iy >= p.IH) {
      fill_pixels(p, y, p.OW);
      continue;
    }
    const ptrdiff_t right = ptrdiff_t{p.pad_left} + p.IW;
    fill_pixels(p, y, p.pad_left);
    copy_pixels(p, p.x + ptrdiff_t{iy} * p.IW * p.x_pixel_stride,
                y + ptrdiff_t{p.pad_left} * p.y_pixel_stride);
    fill_pixels(p, y + right * p.y_pixel_stride, static_cast<int32_t>(p.OW - right));
  }
}

}  // namespace

void pad(const PadParams<float>& p, int32_t part, int32_t parts) {
  pad_rows(p, part, parts);
}

void pad_u8(const PadParams<uint8_t>& p, int32_t part, int32_t parts) {
  pad_rows(p, part, parts);
}

}  // namespace pawl::kernels
