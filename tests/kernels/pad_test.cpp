// Proves that pad kernels write every element of their output and nothing else, with any strides
// and any split into parts.
#include "kernels/pad.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace pawl::kernels {
namespace {

struct Case {
  int32_t IH, IW, C, top, left, bottom, right, x_extra, y_extra;
};

constexpr Case kCases[] = {
    {1, 1, 1, 0, 0, 0, 0, 0, 0},  {1, 1, 1, 1, 1, 1, 1, 0, 0},   {3, 5, 7, 0, 0, 1, 1, 0, 0},
    {3, 5, 16, 2, 0, 0, 3, 0, 0}, {7, 2, 33, 1, 4, 0, 0, 5, 0},  {2, 9, 8, 0, 1, 5, 0, 0, 3},
    {5, 5, 3, 1, 1, 1, 1, 2, 9},  {4, 17, 24, 0, 7, 0, 0, 8, 8},
};

template <typename Element>
void check(void (*kernel)(const PadParams<Element>&, int32_t, int32_t), Element value,
           Element poison) {
  std::mt19937 random(5);
  for (const Case& c : kCases) {
    PadParams<Element> p{};
    p.IH = c.IH, p.IW = c.IW, p.C = c.C;
    p.OH = c.IH + c.top + c.bottom, p.OW = c.IW + c.left + c.right;
    p.pad_top = c.top, p.pad_left = c.left;
    p.x_pixel_stride = c.C + c.x_extra, p.y_pixel_stride = c.C + c.y_extra;
    std::vector<Element> x(static_cast<size_t>(c.IH * c.IW * p.x_pixel_stride));
    for (Element& e : x) e = static_cast<Element>(random() % 200);
    for (const int32_t parts : {1, 2, 3, p.OH + 2}) {
      std::vector<Element> y(static_cast<size_t>(p.OH * p.OW * p.y_pixel_stride), poison);
      p.x = x.data(), p.y = y.data(), p.value = value;
      for (int32_t part = 0; part < parts; ++part) kernel(p, part, parts);
      for (int32_t oy = 0; oy < p.OH; ++oy) {
        for (int32_t ox = 0; ox < p.OW; ++ox) {
          for (int32_t ch = 0; ch < p.y_pixel_stride; ++ch) {
            const int32_t iy = oy - c.top;
            const int32_t ix = ox - c.left;
            const bool inside = iy >= 0 && iy < c.IH && ix >= 0 && ix < c.IW;
            const Element source = inside
                                       ? x[static_cast<size_t>((iy * c.IW + ix) * p.x_pixel_stride +
                                                               std::min(ch, c.C - 1))]
                                       : value;
            const Element expected = ch >= c.C ? poison : source;
            ASSERT_EQ(y[static_cast<size_t>((oy * p.OW + ox) * p.y_pixel_stride + ch)], expected)
                << oy << ' ' << ox << ' ' << ch << " of " << parts << " parts";
          }
        }
      }
    }
  }
}

TEST(Pad, Floats) {
  check<float>(pad, -7.5F, 1e9F);
}

TEST(Pad, Bytes) {
  check<uint8_t>(pad_u8, 201, 255);
}

}  // namespace
}  // namespace pawl::kernels
