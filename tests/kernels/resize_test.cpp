// Proven here: the tables follow the coordinate rules of ONNX (values worked out by hand), and
// every resize variant, in every split, equals the definition evaluated in double precision;
// nothing outside y is written, and no gap of x is used.
#include "kernels/resize.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "kernels/cpu/resize/variants.h"
#include "tests/kernels/image_buffer.h"
#include "tests/kernels/variants.h"

namespace pawl::kernels {
namespace {

using Coordinate = ResizeCoordinate;
using Nearest = ResizeNearest;

std::vector<int32_t> nearest(Coordinate coordinate, Nearest rule, int32_t in, int32_t out,
                             float scale) {
  std::vector<int32_t> index(static_cast<size_t>(out), -1);
  make_nearest_table(coordinate, rule, in, out, scale, index.data());
  return index;
}

struct LinearTable {
  LinearTable(Coordinate coordinate, int32_t in, int32_t out, float scale)
      : index0(static_cast<size_t>(out), -1), index1(index0), t(index0.size(), kNaN) {
    make_linear_table(coordinate, in, out, scale, index0.data(), index1.data(), t.data());
  }
  std::vector<int32_t> index0, index1;
  std::vector<float> t;
};

TEST(ResizeTables, NearestByHand) {
  using Indices = std::vector<int32_t>;
  EXPECT_EQ(nearest(Coordinate::kAsymmetric, Nearest::kFloor, 3, 6, 2.0F),
            (Indices{0, 0, 1, 1, 2, 2}));
  // Coordinates -0.25, 0.25, 0.75, 1.25, 1.75, 2.25.
  EXPECT_EQ(nearest(Coordinate::kHalfPixel, Nearest::kRoundPreferFloor, 3, 6, 2.0F),
            (Indices{0, 0, 1, 1, 2, 2}));
  EXPECT_EQ(nearest(Coordinate::kHalfPixel, Nearest::kFloor, 3, 6, 2.0F),
            (Indices{0, 0, 0, 1, 1, 2}));
  EXPECT_EQ(nearest(Coordinate::kHalfPixel, Nearest::kCeil, 3, 6, 2.0F),
            (Indices{0, 1, 1, 2, 2, 2}));
  // Coordinates 0, 0.5, 1, 1.5, 2, 2.5, 3: the ties.
  EXPECT_EQ(nearest(Coordinate::kAlignCorners, Nearest::kRoundPreferFloor, 4, 7, 1.75F),
            (Indices{0, 0, 1, 1, 2, 2, 3}));
  EXPECT_EQ(nearest(Coordinate::kAlignCorners, Nearest::kRoundPreferCeil, 4, 7, 1.75F),
            (Indices{0, 1, 1, 2, 2, 3, 3}));
  EXPECT_EQ(nearest(Coordinate::kAsymmetric, Nearest::kCeil, 5, 2, 0.4F), (Indices{0, 3}));
  // One sample: half pixel looks at the middle, PyTorch's rule and align_corners at the first.
  EXPECT_EQ(nearest(Coordinate::kHalfPixel, Nearest::kFloor, 8, 1, 0.125F), (Indices{3}));
  EXPECT_EQ(nearest(Coordinate::kPytorchHalfPixel, Nearest::kFloor, 8, 1, 0.125F), (Indices{0}));
  EXPECT_EQ(nearest(Coordinate::kAlignCorners, Nearest::kCeil, 8, 1, 0.125F), (Indices{0}));
}

TEST(ResizeTables, LinearByHand) {
  const LinearTable half(Coordinate::kHalfPixel, 2, 4, 2.0F);
  EXPECT_EQ(half.index0, (std::vector<int32_t>{0, 0, 0, 1}));
  EXPECT_EQ(half.index1, (std::vector<int32_t>{1, 1, 1, 1}));
  EXPECT_EQ(half.t, (std::vector<float>{0.0F, 0.25F, 0.75F, 0.0F}));
  const LinearTable corners(Coordinate::kAlignCorners, 3, 5, 5.0F / 3.0F);
  EXPECT_EQ(corners.index0, (std::vector<int32_t>{0, 0, 1, 1, 2}));
  EXPECT_EQ(corners.t, (std::vector<float>{0.0F, 0.5F, 0.0F, 0.5F, 0.0F}));
}

// Whatever scale a file gives, the tables stay inside the image.
TEST(ResizeTables, AnyScaleStaysInside) {
  const float scales[] = {2.0F, 0.3F, 1e-30F, 1e30F, 0.0F, -1.0F, kNaN, HUGE_VALF, -HUGE_VALF};
  for (const float scale : scales) {
    for (const int32_t in : {1, 2, 1000}) {
      for (int32_t rule = 0; rule < 4; ++rule) {
        const auto coordinate = static_cast<Coordinate>(rule);
        for (int32_t rounding = 0; rounding < 4; ++rounding) {
          for (const int32_t i :
               nearest(coordinate, static_cast<Nearest>(rounding), in, 9, scale)) {
            ASSERT_TRUE(i >= 0 && i < in) << scale << " " << in;
          }
        }
        const LinearTable linear(coordinate, in, 9, scale);
        for (size_t o = 0; o < 9; ++o) {
          ASSERT_TRUE(linear.index0[o] >= 0 && linear.index0[o] <= linear.index1[o]);
          ASSERT_LT(linear.index1[o], in);
        }
      }
    }
  }
}

double blend(double a, double b, double t) {
  return a * (1.0 - t) + b * t;
}

struct Tables {
  LinearTable row, col;
};

double definition(const ResizeParams& p, const ImageBuffer& x, size_t o, size_t c) {
  const auto width = static_cast<size_t>(p.OW);
  const size_t oy = o / width;
  const size_t ox = o % width;
  const auto value = [&](int32_t iy, int32_t ix) {
    return static_cast<double>(x.at(static_cast<size_t>(iy * p.IW + ix), c));
  };
  if (p.kind == ResizeKind::kNearest) return value(p.row0[oy], p.col0[ox]);
  const auto col_t = static_cast<double>(p.col_t[ox]);
  const double upper = blend(value(p.row0[oy], p.col0[ox]), value(p.row0[oy], p.col1[ox]), col_t);
  const double lower = blend(value(p.row1[oy], p.col0[ox]), value(p.row1[oy], p.col1[ox]), col_t);
  return blend(upper, lower, static_cast<double>(p.row_t[oy]));
}

void check(ResizeParams p, const Tables& tables, std::mt19937& random) {
  SCOPED_TRACE(testing::Message() << "kind " << static_cast<int>(p.kind) << " " << p.IH << "x"
                                  << p.IW << "x" << p.C << " to " << p.OH << "x" << p.OW);
  ImageBuffer x(p.IH * p.IW, p.C, p.x_pixel_stride);
  x.fill_random(random, -4.0F, 4.0F);
  p.x = x.data();
  p.row0 = tables.row.index0.data();
  p.col0 = tables.col.index0.data();
  if (p.kind == ResizeKind::kLinear) {
    p.row1 = tables.row.index1.data();
    p.row_t = tables.row.t.data();
    p.col1 = tables.col.index1.data();
    p.col_t = tables.col.t.data();
  }
  const double bound = p.kind == ResizeKind::kLinear ? 4e-6 : 0.0;
  const auto pixels = static_cast<size_t>(p.OH * p.OW);
  for (const ResizeVariant& variant : runnable(resize_variants())) {
    for (const int32_t parts : kSplits) {
      ImageBuffer y(p.OH * p.OW + 1, p.C, p.y_pixel_stride);
      p.y = y.data();
      run_parts(variant.run, p, parts);
      size_t wrong = 0;
      for (size_t c = 0; c < static_cast<size_t>(p.C); ++c) {
        for (size_t o = 0; o < pixels; ++o) {
          wrong += is_near(y.at(o, c), definition(p, x, o, c), bound) ? 0 : 1;
        }
        wrong += std::isnan(y.at(pixels, c)) ? 0 : 1;
      }
      ASSERT_EQ(wrong, 0U) << variant.name << " in " << parts << " parts";
      ASSERT_TRUE(y.gaps_untouched()) << variant.name;
    }
  }
}

TEST(Resize, RandomShapes) {
  std::mt19937 random(5);
  const auto pick = [&random](int32_t low, int32_t high) {
    return std::uniform_int_distribution<int32_t>(low, high)(random);
  };
  for (int32_t i = 0; i < 120; ++i) {
    ResizeParams p{};
    p.kind = static_cast<ResizeKind>(i % 2);
    p.IH = pick(1, 9);
    p.IW = pick(1, 9);
    p.C = pick(1, 70);
    p.OH = i % 3 == 0 ? 2 * p.IH : pick(1, 13);
    p.OW = i % 3 == 0 ? 2 * p.IW : pick(1, 13);
    p.x_pixel_stride = p.C + pick(0, 4);
    p.y_pixel_stride = p.C + pick(0, 4);
    const auto coordinate = static_cast<Coordinate>(pick(0, 3));
    const float row_scale = static_cast<float>(p.OH) / static_cast<float>(p.IH);
    const float col_scale = static_cast<float>(p.OW) / static_cast<float>(p.IW);
    check(p,
          {LinearTable(coordinate, p.IH, p.OH, row_scale),
           LinearTable(coordinate, p.IW, p.OW, col_scale)},
          random);
  }
}

}  // namespace
}  // namespace pawl::kernels
