// Proves: the scalar operations of rescale_u8.h compute their formulas (against loops in double
// precision written here, one step of rounding apart), and every other variant this CPU runs gives
// the same bits, for awkward channels, sizes, windows, pixel strides, scales and any number of
// parts, and without touching a byte it does not own.
#include "kernels/rescale_u8.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "kernels/cpu/rescale_u8/variants.h"
#include "tests/kernels/byte_image.h"
#include "tests/kernels/quantized_problem.h"
#include "tests/kernels/variants.h"

namespace pawl::kernels {
namespace {

constexpr int32_t kChannels[] = {1, 2, 5, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100};
constexpr int32_t kGaps[] = {0, 0, 1, 37};
constexpr int32_t kZeros[] = {0, 255, 128, 7};
constexpr float kFactors[] = {1.0F, 0.37F, 3.1F, 0.0041F};

// Runs `operation` of every variant, the scalar one last, into a poisoned image and compares it
// with `exact`, the real values in units of y's scale and without its zero.
template <class Params>
void check(void (*RescaleU8Variant::*operation)(const Params&, int32_t, int32_t), Params params,
           const ByteImage& poisoned, const std::vector<double>& exact, uint32_t seed) {
  const std::vector<RescaleU8Variant> variants = runnable(rescale_u8_variants());
  ByteImage reference = poisoned;
  params.y = reference.data();
  run_parts(variants.back().*operation, params, 1);
  for (size_t i = 0; i < reference.pixels(); ++i) {
    for (size_t c = 0; c < reference.channels(); ++c) {
      const double value = exact[i * reference.channels() + c];
      const auto bytes = expected_bytes({value, 1e-6 * (1.0 + std::abs(value))}, 1.0F, params.zero);
      ASSERT_GE(reference.at(i, c), bytes.low) << "pixel " << i << " channel " << c;
      ASSERT_LE(reference.at(i, c), bytes.high) << "pixel " << i << " channel " << c;
    }
  }
  for (const RescaleU8Variant& variant : variants) {
    for (const int32_t parts : {1, kSplits[seed % std::size(kSplits)]}) {
      ByteImage y = poisoned;
      params.y = y.data();
      run_parts(variant.*operation, params, parts);
      ASSERT_TRUE(y.gaps_untouched()) << variant.name << " C " << params.C << " parts " << parts;
      for (size_t i = 0; i < y.pixels(); ++i) {
        for (size_t c = 0; c < y.channels(); ++c) {
          ASSERT_EQ(y.at(i, c), reference.at(i, c))
              << variant.name << " C " << params.C << " parts " << parts << " pixel " << i;
        }
      }
    }
  }
}

double binary_value(const BinaryU8Params& p, int32_t a, int32_t b) {
  const double left = a - p.a_zero;
  const double right = b - p.b_zero;
  return p.op == BinaryOp::kMul
             ? left * right * static_cast<double>(p.a_factor)
             : left * static_cast<double>(p.a_factor) + right * static_cast<double>(p.b_factor);
}

TEST(RescaleU8, Binary) {
  std::mt19937 engine(1);
  uint32_t seed = 0;
  for (const BinaryOp op : {BinaryOp::kAdd, BinaryOp::kMul}) {
    for (const bool broadcast : {false, true}) {
      for (const int32_t C : kChannels) {
        const int32_t P = pick(engine, {1, 7, 40});
        BinaryU8Params p{};
        p.P = P, p.C = C, p.op = op;
        p.a_pixel_stride = C + pick(engine, kGaps);
        p.b_pixel_stride = broadcast ? 0 : C + pick(engine, kGaps);
        p.y_pixel_stride = C + pick(engine, kGaps);
        p.a_zero = pick(engine, kZeros), p.b_zero = pick(engine, kZeros);
        p.zero = pick(engine, kZeros);
        p.a_factor = kFactors[engine() % std::size(kFactors)];
        p.b_factor = kFactors[engine() % std::size(kFactors)];
        ByteImage a(P, C, p.a_pixel_stride);
        ByteImage b(broadcast ? 1 : P, C, broadcast ? C : p.b_pixel_stride);
        a.fill_random(engine);
        b.fill_random(engine);
        ByteImage y(P, C, p.y_pixel_stride);
        y.fill(0xAB);
        p.a = a.data(), p.b = b.data();
        std::vector<double> exact;
        for (size_t i = 0; i < a.pixels(); ++i) {
          for (size_t c = 0; c < a.channels(); ++c) {
            exact.push_back(binary_value(p, a.at(i, c), b.at(broadcast ? 0 : i, c)));
          }
        }
        check(&RescaleU8Variant::binary, p, y, exact, ++seed);
        if (HasFatalFailure()) return;
      }
    }
  }
}

// Scales of an artifact may be as far apart as floats allow: saturated, and equal on all variants.
TEST(RescaleU8, BinaryOfAbsurdScales) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  std::mt19937 engine(2);
  for (const float factor : {kInfinity, 3e38F, 1e-38F, 1e20F}) {
    for (const BinaryOp op : {BinaryOp::kAdd, BinaryOp::kMul}) {
      ByteImage a(9, 37, 40), b(9, 37, 40), y(9, 37, 40);
      a.fill_random(engine);
      b.fill_random(engine);
      BinaryU8Params p{.P = 9,
                       .C = 37,
                       .op = op,
                       .a_pixel_stride = 40,
                       .b_pixel_stride = 40,
                       .y_pixel_stride = 40,
                       .a = a.data(),
                       .b = b.data(),
                       .y = nullptr,
                       .a_zero = 128,
                       .b_zero = 1,
                       .zero = 3,
                       .a_factor = factor,
                       .b_factor = factor};
      ByteImage reference = y;
      p.y = reference.data();
      runnable(rescale_u8_variants()).back().binary(p, 0, 1);
      for (const RescaleU8Variant& variant : runnable(rescale_u8_variants())) {
        p.y = y.data();
        variant.binary(p, 0, 1);
        for (size_t i = 0; i < y.pixels(); ++i) {
          for (size_t c = 0; c < y.channels(); ++c) {
            ASSERT_EQ(y.at(i, c), reference.at(i, c)) << variant.name << ' ' << factor;
          }
        }
      }
    }
  }
}

double average(const QuantizedShape& s, const AveragePoolU8Params& p, const ByteImage& x,
               int32_t pixel, size_t c) {
  double sum = 0.0;
  int32_t inside = 0;
  int32_t iy = pixel / s.OW() * s.stride_h - s.pad_top;
  for (int32_t ky = 0; ky < s.KH; ++ky, iy += s.dilation_h) {
    int32_t ix = pixel % s.OW() * s.stride_w - s.pad_left;
    for (int32_t kx = 0; kx < s.KW; ++kx, ix += s.dilation_w) {
      if (iy < 0 || iy >= s.IH || ix < 0 || ix >= s.IW) continue;
      sum += x.at(static_cast<size_t>(iy * s.IW + ix), c) - p.x_zero;
      ++inside;
    }
  }
  const int32_t taps = p.count_padding ? s.KH * s.KW : std::max(inside, 1);
  return sum / taps * static_cast<double>(p.factor);
}

void check_average(const QuantizedShape& s, std::mt19937& engine, uint32_t seed) {
  ByteImage x(s.IH * s.IW, s.IC, s.IC + s.x_gap);
  x.fill_random(engine);
  ByteImage y(s.OH() * s.OW(), s.IC, s.IC + s.y_gap);
  y.fill(0xAB);
  AveragePoolU8Params p{};
  p.IH = s.IH, p.IW = s.IW, p.C = s.IC;
  p.OH = s.OH(), p.OW = s.OW();
  p.KH = s.KH, p.KW = s.KW;
  p.stride_h = s.stride_h, p.stride_w = s.stride_w;
  p.pad_top = s.pad_top, p.pad_left = s.pad_left;
  p.dilation_h = s.dilation_h, p.dilation_w = s.dilation_w;
  p.count_padding = engine() % 2 == 0;
  p.x_pixel_stride = s.IC + s.x_gap;
  p.y_pixel_stride = s.IC + s.y_gap;
  p.x = x.data();
  p.x_zero = s.x_zero;
  p.zero = s.y_zero;
  p.factor = kFactors[engine() % std::size(kFactors)];
  std::vector<double> exact;
  for (size_t i = 0; i < y.pixels(); ++i) {
    for (size_t c = 0; c < y.channels(); ++c) {
      exact.push_back(average(s, p, x, static_cast<int32_t>(i), c));
    }
  }
  check(&RescaleU8Variant::average_pool, p, y, exact, seed);
}

TEST(RescaleU8, AveragePool) {
  std::mt19937 engine(3);
  for (uint32_t done = 0; done < 150;) {
    QuantizedShape shape = random_quantized_shape(engine);
    if (!shape.valid()) continue;
    shape.IC = kChannels[engine() % std::size(kChannels)];
    check_average(shape, engine, ++done);
    if (HasFatalFailure()) return;
  }
  // As YOLOv9 shrinks, and as a gate sees a whole image.
  check_average({.IH = 20, .IW = 21, .IC = 64, .OC = 64, .KH = 2, .KW = 2}, engine, 1);
  check_average({.IH = 70, .IW = 80, .IC = 24, .OC = 24, .KH = 70, .KW = 80}, engine, 2);
}

TEST(RescaleU8, Table) {
  std::mt19937 engine(4);
  uint32_t seed = 0;
  std::vector<uint8_t> table(256);
  for (uint8_t& entry : table) entry = static_cast<uint8_t>(engine());
  for (const int32_t C : kChannels) {
    const int32_t x_gap = pick(engine, kGaps);
    const int32_t y_gap = pick(engine, kGaps);
    ByteImage x(13, C, C + x_gap);
    x.fill_random(engine);
    ByteImage y(13, C, C + y_gap);
    y.fill(0xAB);
    TableU8Params p{};
    p.P = 13, p.C = C;
    p.x_pixel_stride = C + x_gap;
    p.y_pixel_stride = C + y_gap;
    p.x = x.data();
    p.table = table.data();
    for (const RescaleU8Variant& variant : runnable(rescale_u8_variants())) {
      ByteImage result = y;
      p.y = result.data();
      run_parts(variant.table, p, kSplits[++seed % std::size(kSplits)]);
      ASSERT_TRUE(result.gaps_untouched()) << variant.name;
      for (size_t i = 0; i < x.pixels(); ++i) {
        for (size_t c = 0; c < x.channels(); ++c) {
          ASSERT_EQ(result.at(i, c), table[x.at(i, c)]) << variant.name;
        }
      }
    }
  }
}

}  // namespace
}  // namespace pawl::kernels
