// Proves: the scalar u8 pixelwise operations compute the formulas of pixelwise_u8.h (against loops
// in double precision written here), and every other variant this CPU runs gives the same bits, for
// awkward channels, sizes, windows, pixel strides and any number of parts, and without touching a
// byte it does not own.
#include "kernels/pixelwise_u8.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "kernels/cpu/pixelwise_u8/variants.h"
#include "tests/kernels/byte_image.h"
#include "tests/kernels/image_buffer.h"
#include "tests/kernels/quantized_problem.h"
#include "tests/kernels/variants.h"

namespace pawl::kernels {
namespace {

constexpr int32_t kChannels[] = {1,  3,  4,  5,  15, 16, 17, 24,  31,  32,  33,
                                 63, 64, 65, 80, 85, 96, 97, 127, 128, 129, 200};
constexpr int32_t kGaps[] = {0, 0, 1, 37};

size_t differing_pixel(const ByteImage& a, const ByteImage& b) {
  for (size_t i = 0; i < a.pixels(); ++i) {
    for (size_t c = 0; c < a.channels(); ++c) {
      if (a.at(i, c) != b.at(i, c)) return i;
    }
  }
  return a.pixels();
}

size_t differing_pixel(const ImageBuffer& a, const ImageBuffer& b) {
  for (size_t i = 0; i < a.pixels(); ++i) {
    for (size_t c = 0; c < a.channels(); ++c) {
      const float left = a.at(i, c);
      const float right = b.at(i, c);
      if (std::memcmp(&left, &right, sizeof(left)) != 0) return i;
    }
  }
  return a.pixels();
}

// Runs `operation` of every variant into a poisoned image and compares it with the reference. The
// params and the member that holds y are the same for all.
template <class Image, class Params>
void check(void (*PixelwiseU8Variant::*operation)(const Params&, int32_t, int32_t), Params params,
           const Image& reference, const Image& poisoned, uint32_t seed) {
  for (const PixelwiseU8Variant& variant : runnable(pixelwise_u8_variants())) {
    for (const int32_t parts : {1, kSplits[seed % std::size(kSplits)]}) {
      Image y = poisoned;
      params.y = y.data();
      run_parts(variant.*operation, params, parts);
      ASSERT_TRUE(y.gaps_untouched()) << variant.name << " C " << params.C << " parts " << parts;
      ASSERT_EQ(differing_pixel(y, reference), y.pixels())
          << variant.name << " C " << params.C << " parts " << parts;
    }
  }
}

TEST(PixelwiseU8, Quantize) {
  std::mt19937 engine(1);
  uint32_t seed = 0;
  for (const int32_t C : kChannels) {
    for (const int32_t P : {1, 7, 40}) {
      const int32_t x_gap = pick(engine, kGaps);
      const int32_t y_gap = pick(engine, kGaps);
      ImageBuffer x(P, C, C + x_gap);
      x.fill_random(engine, -3.0F, 3.0F);
      // Ties, what no integer holds, and what is no number: it becomes 0.
      const float infinity = std::numeric_limits<float>::infinity();
      const float special[] = {0.5F * 0.25F, 1.5F * 0.25F, -0.5F * 0.25F, 2.5F * 0.25F,
                               -0.0F,        3e38F,        -3e38F,        1e9F,
                               infinity,     -infinity,    kNaN,          -kNaN};
      for (size_t i = 0; i < x.pixels(); ++i) x.at(i, 0) = special[engine() % std::size(special)];
      ByteImage y(P, C, C + y_gap);
      y.fill(0xAB);
      QuantizeParams params{P,        C,       C + x_gap, C + y_gap,
                            x.data(), nullptr, 4.0F,      static_cast<int32_t>(engine() % 256)};
      ByteImage reference = y;
      for (size_t i = 0; i < x.pixels(); ++i) {
        for (size_t c = 0; c < x.channels(); ++c) {
          const double rounded = std::nearbyint(static_cast<double>(x.at(i, c)) * 4.0);
          const double byte = std::clamp(rounded + params.zero, 0.0, 255.0);
          reference.at(i, c) = std::isnan(rounded) ? 0 : static_cast<uint8_t>(byte);
        }
      }
      check(&PixelwiseU8Variant::quantize, params, reference, y, ++seed);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(PixelwiseU8, Dequantize) {
  std::mt19937 engine(2);
  uint32_t seed = 0;
  for (const int32_t C : kChannels) {
    for (const int32_t P : {1, 7, 40}) {
      const int32_t x_gap = pick(engine, kGaps);
      const int32_t y_gap = pick(engine, kGaps);
      ByteImage x(P, C, C + x_gap);
      x.fill_random(engine);
      ImageBuffer y(P, C, C + y_gap);
      y.fill(kNaN);
      const Quantization quantization{0.0123F, static_cast<int32_t>(engine() % 256)};
      const DequantizeParams params{P, C, C + x_gap, C + y_gap, x.data(), nullptr, quantization};
      ImageBuffer reference = y;
      for (size_t i = 0; i < x.pixels(); ++i) {
        for (size_t c = 0; c < x.channels(); ++c) {
          // Exact in double, then rounded once, as one float multiplication is.
          const int32_t centred = int32_t{x.at(i, c)} - quantization.zero;
          reference.at(i, c) = static_cast<float>(static_cast<double>(centred) *
                                                  static_cast<double>(quantization.scale));
        }
      }
      check(&PixelwiseU8Variant::dequantize, params, reference, y, ++seed);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(PixelwiseU8, CopyAndGather) {
  std::mt19937 engine(3);
  uint32_t seed = 0;
  for (const int32_t C : kChannels) {
    for (const int32_t P : {1, 7, 40}) {
      for (const bool gather : {false, true}) {
        const int32_t x_channels = gather ? C + 5 : C;
        const int32_t x_gap = pick(engine, kGaps);
        const int32_t y_gap = pick(engine, kGaps);
        ByteImage x(P, x_channels, x_channels + x_gap);
        x.fill_random(engine);
        ByteImage y(P, C, C + y_gap);
        y.fill(0xAB);
        std::vector<int32_t> index(static_cast<size_t>(C));
        for (size_t c = 0; c < index.size(); ++c) {
          index[c] = gather ? static_cast<int32_t>(engine() % static_cast<uint32_t>(x_channels))
                            : static_cast<int32_t>(c);
        }
        const CopyU8Params params{P,         C,        x_channels + x_gap,
                                  C + y_gap, x.data(), gather ? index.data() : nullptr,
                                  nullptr};
        ByteImage reference = y;
        for (size_t i = 0; i < x.pixels(); ++i) {
          for (size_t c = 0; c < index.size(); ++c) {
            reference.at(i, c) = x.at(i, static_cast<size_t>(index[c]));
          }
        }
        check(&PixelwiseU8Variant::copy, params, reference, y, ++seed);
        if (HasFatalFailure()) return;
      }
    }
  }
}

// Shuffles as in ShuffleNet, reversals and one channel for all: few windows of 16, or one a
// channel.
TEST(PixelwiseU8, GatherInPatterns) {
  std::mt19937 engine(6);
  uint32_t seed = 0;
  for (const int32_t C : {2, 16, 30, 58, 116, 232, 600}) {
    for (int32_t pattern = 0; pattern < 4; ++pattern) {
      ByteImage x(530, C, C + pattern);
      x.fill_random(engine);
      ByteImage y(530, C, C + 1);
      y.fill(0xAB);
      std::vector<int32_t> index(static_cast<size_t>(C));
      for (int32_t c = 0; c < C; ++c) {
        const int32_t patterns[] = {c % 2 * (C / 2) + c / 2, C - 1 - c, C - 1, c * 37 % C};
        index[static_cast<size_t>(c)] = patterns[pattern];
      }
      const CopyU8Params params{530, C, C + pattern, C + 1, x.data(), index.data(), nullptr};
      ByteImage reference = y;
      for (size_t i = 0; i < x.pixels(); ++i) {
        for (size_t c = 0; c < index.size(); ++c) {
          reference.at(i, c) = x.at(i, static_cast<size_t>(index[c]));
        }
      }
      check(&PixelwiseU8Variant::copy, params, reference, y, ++seed);
      if (HasFatalFailure()) return;
    }
  }
}

uint8_t largest_tap(const QuantizedShape& s, const ByteImage& x, int32_t oy, int32_t ox, size_t c) {
  uint8_t largest = 0;
  for (int32_t iy = oy * s.stride_h - s.pad_top, ky = 0; ky < s.KH; ++ky, iy += s.dilation_h) {
    for (int32_t ix = ox * s.stride_w - s.pad_left, kx = 0; kx < s.KW; ++kx, ix += s.dilation_w) {
      if (iy < 0 || iy >= s.IH || ix < 0 || ix >= s.IW) continue;
      largest = std::max(largest, x.at(static_cast<size_t>(iy * s.IW + ix), c));
    }
  }
  return largest;
}

void check_max_pool(const QuantizedShape& s, std::mt19937& engine, uint32_t seed) {
  ByteImage x(s.IH * s.IW, s.IC, s.IC + s.x_gap);
  x.fill_random(engine);
  ByteImage y(s.OH() * s.OW(), s.IC, s.IC + s.y_gap);
  y.fill(0xAB);
  MaxPoolU8Params p{};
  p.IH = s.IH, p.IW = s.IW, p.C = s.IC;
  p.OH = s.OH(), p.OW = s.OW();
  p.KH = s.KH, p.KW = s.KW;
  p.stride_h = s.stride_h, p.stride_w = s.stride_w;
  p.pad_top = s.pad_top, p.pad_left = s.pad_left;
  p.dilation_h = s.dilation_h, p.dilation_w = s.dilation_w;
  p.x_pixel_stride = s.IC + s.x_gap;
  p.y_pixel_stride = s.IC + s.y_gap;
  p.x = x.data();
  ByteImage reference = y;
  for (size_t i = 0; i < y.pixels(); ++i) {
    for (size_t c = 0; c < y.channels(); ++c) {
      const int32_t pixel = static_cast<int32_t>(i);
      reference.at(i, c) = largest_tap(s, x, pixel / s.OW(), pixel % s.OW(), c);
    }
  }
  check(&PixelwiseU8Variant::max_pool, p, reference, y, seed);
}

TEST(PixelwiseU8, MaxPool) {
  std::mt19937 engine(4);
  for (uint32_t done = 0; done < 150;) {
    QuantizedShape shape = random_quantized_shape(engine);
    if (!shape.valid()) continue;
    shape.IC = pick(engine, kChannels);
    check_max_pool(shape, engine, ++done);
    if (HasFatalFailure()) return;
  }
  // Several strips of a row, and windows wider than a strip.
  QuantizedShape wide{.IH = 9, .IW = 150, .IC = 70, .OC = 70, .KH = 5, .KW = 5};
  wide.pad_top = wide.pad_left = wide.pad_bottom = wide.pad_right = 2;
  check_max_pool(wide, engine, 1);
  wide.KW = 70;
  check_max_pool(wide, engine, 2);
}

TEST(PixelwiseU8, Nearest) {
  std::mt19937 engine(5);
  uint32_t seed = 0;
  for (const int32_t C : kChannels) {
    const int32_t IH = 1 + static_cast<int32_t>(engine() % 9);
    const int32_t IW = 1 + static_cast<int32_t>(engine() % 9);
    const int32_t OH = 1 + static_cast<int32_t>(engine() % 17);
    const int32_t OW = 1 + static_cast<int32_t>(engine() % 17);
    const int32_t x_gap = pick(engine, kGaps);
    const int32_t y_gap = pick(engine, kGaps);
    ByteImage x(IH * IW, C, C + x_gap);
    x.fill_random(engine);
    ByteImage y(OH * OW, C, C + y_gap);
    y.fill(0xAB);
    std::vector<int32_t> row(static_cast<size_t>(OH)), col(static_cast<size_t>(OW));
    for (int32_t& i : row) i = static_cast<int32_t>(engine() % static_cast<uint32_t>(IH));
    for (int32_t& i : col) i = static_cast<int32_t>(engine() % static_cast<uint32_t>(IW));
    const NearestU8Params p{IH,        IW,       C,       OH,         OW,        C + x_gap,
                            C + y_gap, x.data(), nullptr, row.data(), col.data()};
    ByteImage reference = y;
    for (size_t i = 0; i < y.pixels(); ++i) {
      const size_t from = static_cast<size_t>(row[i / col.size()] * IW + col[i % col.size()]);
      for (size_t c = 0; c < y.channels(); ++c) reference.at(i, c) = x.at(from, c);
    }
    check(&PixelwiseU8Variant::nearest, p, reference, y, ++seed);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace pawl::kernels
