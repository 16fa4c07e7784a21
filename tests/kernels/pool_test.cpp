// Proven here: every pooling variant, in every split, equals a formula that scatters input pixels
// into windows instead of gathering taps, for random and awkward shapes, pads, strides, dilations
// and channel gaps; nothing outside y is written, and no gap of x is used.
#include "kernels/pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "kernels/cpu/pool/variants.h"
#include "tests/kernels/image_buffer.h"
#include "tests/kernels/variants.h"

namespace pawl::kernels {
namespace {

struct Expected {
  double value;
  double mean_magnitude;
};

// One channel plane of y.
std::vector<Expected> scatter(const PoolParams& p, const ImageBuffer& x, int32_t c) {
  const size_t outputs = static_cast<size_t>(p.OH) * static_cast<size_t>(p.OW);
  std::vector<double> largest(outputs, -std::numeric_limits<double>::infinity());
  std::vector<double> sum(outputs, 0.0);
  std::vector<double> magnitude(outputs, 0.0);
  std::vector<int> taps(outputs, 0);
  for (int32_t pixel = 0; pixel < p.IH * p.IW; ++pixel) {
    const auto value =
        static_cast<double>(x.at(static_cast<size_t>(pixel), static_cast<size_t>(c)));
    for (int32_t tap = 0; tap < p.KH * p.KW; ++tap) {
      const int32_t top = pixel / p.IW + p.pad_top - tap / p.KW * p.dilation_h;
      const int32_t left = pixel % p.IW + p.pad_left - tap % p.KW * p.dilation_w;
      if (top < 0 || left < 0 || top % p.stride_h != 0 || left % p.stride_w != 0) continue;
      const int32_t oy = top / p.stride_h;
      const int32_t ox = left / p.stride_w;
      if (oy >= p.OH || ox >= p.OW) continue;
      const auto o = static_cast<size_t>(oy) * static_cast<size_t>(p.OW) + static_cast<size_t>(ox);
      largest[o] = std::max(largest[o], value);
      sum[o] += value;
      magnitude[o] += std::fabs(value);
      ++taps[o];
    }
  }
  std::vector<Expected> expected(outputs);
  for (size_t o = 0; o < outputs; ++o) {
    const int divisor = std::max(p.count_padding ? p.KH * p.KW : taps[o], 1);
    expected[o].mean_magnitude = magnitude[o] / divisor;
    expected[o].value = p.kind == PoolKind::kMax ? largest[o] : sum[o] / divisor;
  }
  return expected;
}

std::string describe(const PoolParams& p) {
  return "kind " + std::to_string(static_cast<int>(p.kind)) + " x " + std::to_string(p.IH) + "x" +
         std::to_string(p.IW) + "x" + std::to_string(p.C) + " y " + std::to_string(p.OH) + "x" +
         std::to_string(p.OW) + " k " + std::to_string(p.KH) + "x" + std::to_string(p.KW) +
         " stride " + std::to_string(p.stride_h) + "," + std::to_string(p.stride_w) + " pad " +
         std::to_string(p.pad_top) + "," + std::to_string(p.pad_left) + " dilation " +
         std::to_string(p.dilation_h) + "," + std::to_string(p.dilation_w);
}

void check(PoolParams p, std::mt19937& random) {
  SCOPED_TRACE(describe(p));
  ImageBuffer x(p.IH * p.IW, p.C, p.x_pixel_stride);
  x.fill_random(random, -3.0F, 2.0F);
  p.x = x.data();
  std::vector<std::vector<Expected>> expected;
  for (int32_t c = 0; c < p.C; ++c) expected.push_back(scatter(p, x, c));
  const int32_t pixels = p.OH * p.OW;
  for (const PoolVariant& variant : runnable(pool_variants())) {
    for (const int32_t parts : kSplits) {
      ImageBuffer y(pixels + 1, p.C, p.y_pixel_stride);
      p.y = y.data();
      run_parts(variant.run, p, parts);
      size_t wrong = 0;
      for (size_t o = 0; o < static_cast<size_t>(pixels); ++o) {
        for (size_t c = 0; c < static_cast<size_t>(p.C); ++c) {
          const Expected& e = expected[c][o];
          const double bound = p.kind == PoolKind::kMax ? 0.0 : 1e-6 * e.mean_magnitude + 1e-30;
          wrong += is_near(y.at(o, c), e.value, bound) ? 0 : 1;
        }
      }
      for (size_t c = 0; c < static_cast<size_t>(p.C); ++c) {
        wrong += std::isnan(y.at(static_cast<size_t>(pixels), c)) ? 0 : 1;
      }
      ASSERT_EQ(wrong, 0U) << variant.name << " in " << parts << " parts";
      ASSERT_TRUE(y.gaps_untouched()) << variant.name;
    }
  }
}

PoolParams square(PoolKind kind, int32_t side, int32_t C, int32_t K, int32_t stride, int32_t pad) {
  const int32_t out = (side + 2 * pad - K) / stride + 1;
  return {kind,   false, side, side, C, out, out, K,       K,      stride,
          stride, pad,   pad,  1,    1, C,   C,   nullptr, nullptr};
}

TEST(Pool, WindowsOfRealNetworks) {
  std::mt19937 random(1);
  for (const PoolKind kind : {PoolKind::kMax, PoolKind::kAverage}) {
    for (const int32_t C : {1, 7, 8, 9, 16, 33}) {
      for (const int32_t K : {5, 9, 13}) check(square(kind, 20, C, K, 1, K / 2), random);
      check(square(kind, 21, C, 2, 2, 0), random);
      check(square(kind, 21, C, 3, 2, 1), random);
      check(square(kind, 13, C, 13, 1, 0), random);
    }
  }
}

TEST(Pool, RandomShapes) {
  std::mt19937 random(2);
  const auto pick = [&random](int32_t low, int32_t high) {
    return std::uniform_int_distribution<int32_t>(low, high)(random);
  };
  for (int32_t i = 0; i < 150; ++i) {
    PoolParams p{};
    p.kind = static_cast<PoolKind>(pick(0, 1));
    p.count_padding = pick(0, 1) == 1;
    p.IH = pick(1, 12);
    p.IW = pick(1, 17);
    p.C = pick(1, 40);
    p.KH = pick(1, 6);
    p.KW = pick(1, 6);
    p.stride_h = pick(1, 3);
    p.stride_w = pick(1, 3);
    p.dilation_h = pick(1, 2);
    p.dilation_w = pick(1, 2);
    p.pad_top = pick(0, 4);
    p.pad_left = pick(0, 4);
    p.OH = pick(1, 9);
    p.OW = pick(1, 9);
    p.x_pixel_stride = p.C + pick(0, 5);
    p.y_pixel_stride = p.C + pick(0, 5);
    check(p, random);
  }
}

// Wider than any strip a variant keeps on its stack, with and without a stride.
TEST(Pool, WideWindowsAndRows) {
  std::mt19937 random(3);
  for (const int32_t KW : {2, 63, 64, 65, 90}) {
    for (const int32_t stride : {1, 5}) {
      PoolParams p = square(PoolKind::kMax, 3, 11, 3, 1, 1);
      p.IW = 150;
      p.KW = KW;
      p.stride_w = stride;
      p.OW = (p.IW + p.pad_left - KW) / stride + 1;
      check(p, random);
      p.dilation_w = 2;
      p.OW = 7;
      check(p, random);
    }
  }
}

}  // namespace
}  // namespace pawl::kernels
