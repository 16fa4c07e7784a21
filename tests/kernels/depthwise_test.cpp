// Proves: the scalar depthwise convolution computes the formula of depthwise.h (against a loop over
// unpacked weights written here), and every other variant this CPU runs agrees with it within the
// contract's bound, for awkward channels, sizes, kernels, strides, pads, dilations, pixel strides,
// any number of parts, with a residual that is its own output, and without touching a float it does
// not own.
#include "kernels/depthwise.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "kernels/cpu/depthwise/variants.h"
#include "tests/kernels/image_buffer.h"

namespace pawl::kernels {
namespace {

struct Shape {
  int32_t IH, IW, C, KH, KW;
  int32_t stride_h = 1, stride_w = 1;
  int32_t pad_top = 0, pad_left = 0, pad_bottom = 0, pad_right = 0;
  int32_t dilation_h = 1, dilation_w = 1;
  int32_t x_gap = 0, y_gap = 0;
  Activation activation = Activation::kNone;
  bool residual = false;
  bool in_place = false;  // residual == y

  int32_t OH() const {
    return (IH + pad_top + pad_bottom - (KH - 1) * dilation_h - 1) / stride_h + 1;
  }
  int32_t OW() const {
    return (IW + pad_left + pad_right - (KW - 1) * dilation_w - 1) / stride_w + 1;
  }
  bool valid() const {
    return IH + pad_top + pad_bottom > (KH - 1) * dilation_h &&
           IW + pad_left + pad_right > (KW - 1) * dilation_w;
  }
  int64_t products() const { return int64_t{OH()} * OW() * C * KH * KW; }
  std::string name() const {
    std::string text;
    for (const int32_t n :
         {IH, IW, C, KH, KW, stride_h, stride_w, pad_top, pad_left, pad_bottom, pad_right,
          dilation_h, dilation_w, x_gap, y_gap, static_cast<int32_t>(activation), int32_t{residual},
          int32_t{in_place}}) {
      text += std::to_string(n) + ' ';
    }
    return text;
  }
};

class Problem {
 public:
  Problem(const Shape& shape, uint32_t seed)
      : shape_(shape),
        engine_(seed),
        x_(shape.IH * shape.IW, shape.C, shape.C + shape.x_gap),
        residual_(pixels(), shape.C, shape.C + 3),
        weight_(static_cast<size_t>(shape.C * shape.KH * shape.KW)),
        packed_(weight_.size(), kNaN),
        bias_(static_cast<size_t>(shape.C)) {
    x_.fill_random(engine_, -1.0F, 1.0F);
    residual_.fill_random(engine_, -1.0F, 1.0F);
    std::uniform_real_distribution<float> uniform(-1.0F, 1.0F);
    for (float& w : weight_) w = uniform(engine_);
    for (float& b : bias_) b = uniform(engine_);
    pack_depthwise_weights(weight_.data(), shape.C, shape.KH, shape.KW, packed_.data());
  }

  int32_t pixels() const { return shape_.OH() * shape_.OW(); }
  const Shape& shape() const { return shape_; }
  float residual(size_t pixel, size_t channel) const { return residual_.at(pixel, channel); }

  ImageBuffer run(DepthwiseFn depthwise, int32_t parts) {
    ImageBuffer y(pixels(), shape_.C, shape_.C + shape_.y_gap);
    y.fill(kNaN);
    if (shape_.in_place) {
      for (size_t i = 0; i < y.pixels(); ++i) {
        for (size_t c = 0; c < y.channels(); ++c) y.at(i, c) = residual_.at(i, c);
      }
    }
    DepthwiseParams p{};
    p.IH = shape_.IH, p.IW = shape_.IW, p.C = shape_.C;
    p.OH = shape_.OH(), p.OW = shape_.OW();
    p.KH = shape_.KH, p.KW = shape_.KW;
    p.stride_h = shape_.stride_h, p.stride_w = shape_.stride_w;
    p.pad_top = shape_.pad_top, p.pad_left = shape_.pad_left;
    p.dilation_h = shape_.dilation_h, p.dilation_w = shape_.dilation_w;
    p.x_pixel_stride = shape_.C + shape_.x_gap;
    p.y_pixel_stride = shape_.C + shape_.y_gap;
    p.residual_pixel_stride = shape_.in_place ? p.y_pixel_stride : shape_.C + 3;
    p.x = x_.data();
    p.weight = packed_.data();
    p.bias = bias_.data();
    p.residual = shape_.in_place ? y.data() : (shape_.residual ? residual_.data() : nullptr);
    p.y = y.data();
    p.activation = {shape_.activation, 0.25F, 0.75F};
    for (int32_t part = 0; part < parts; ++part) depthwise(p, part, parts);
    return y;
  }

  struct Sum {
    double value, magnitude;
  };
  Sum sum(int32_t oy, int32_t ox, int32_t c) const {
    const Shape& s = shape_;
    const double bias = static_cast<double>(bias_[static_cast<size_t>(c)]);
    Sum result{bias, std::abs(bias)};
    for (int32_t ky = 0; ky < s.KH; ++ky) {
      for (int32_t kx = 0; kx < s.KW; ++kx) {
        const int32_t iy = oy * s.stride_h + ky * s.dilation_h - s.pad_top;
        const int32_t ix = ox * s.stride_w + kx * s.dilation_w - s.pad_left;
        if (iy < 0 || iy >= s.IH || ix < 0 || ix >= s.IW) continue;
        const float w = weight_[static_cast<size_t>((c * s.KH + ky) * s.KW + kx)];
        const float x = x_.at(static_cast<size_t>(iy * s.IW + ix), static_cast<size_t>(c));
        const double product = static_cast<double>(w) * static_cast<double>(x);
        result.value += product;
        result.magnitude += std::abs(product);
      }
    }
    return result;
  }

 private:
  Shape shape_;
  std::mt19937 engine_;
  ImageBuffer x_, residual_;
  std::vector<float> weight_, packed_, bias_;
};

void expect_close(const Problem& problem, const ImageBuffer& y, const ImageBuffer& reference,
                  const std::string& what) {
  ASSERT_TRUE(y.gaps_untouched()) << what;
  const int32_t OW = problem.shape().OW();
  for (size_t i = 0; i < y.pixels(); ++i) {
    const int32_t pixel = static_cast<int32_t>(i);
    for (size_t c = 0; c < y.channels(); ++c) {
      const double expected = static_cast<double>(reference.at(i, c));
      const double actual = static_cast<double>(y.at(i, c));
      const double magnitude =
          problem.sum(pixel / OW, pixel % OW, static_cast<int32_t>(c)).magnitude;
      const double bound = 1e-5 * magnitude + 2e-6 * std::max(1.0, std::abs(expected));
      ASSERT_LE(std::abs(actual - expected), bound)
          << what << " pixel " << i << " channel " << c << ": " << actual << " != " << expected;
    }
  }
}

void check_variants(const Shape& shape, uint32_t seed) {
  Problem problem(shape, seed);
  const std::span<const DepthwiseVariant> variants = depthwise_variants();
  const ImageBuffer reference = problem.run(variants.back().run, 1);
  constexpr int32_t kParts[] = {1, 2, 3, 7, 64};
  for (const DepthwiseVariant& variant : variants) {
    if (!usable(variant.isa)) continue;
    for (const int32_t parts : {1, kParts[seed % 5]}) {
      const std::string what =
          std::string(variant.name) + " shape " + shape.name() + "parts " + std::to_string(parts);
      expect_close(problem, problem.run(variant.run, parts), reference, what);
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

template <size_t kCount>
int32_t pick(std::mt19937& engine, const int32_t (&values)[kCount]) {
  return values[engine() % kCount];
}

Shape random_shape(std::mt19937& engine) {
  constexpr int32_t kSizes[][2] = {{1, 1},   {1, 7},   {5, 3},  {13, 13},
                                   {20, 20}, {33, 17}, {4, 40}, {2, 29}};
  constexpr int32_t kKernels[][2] = {{1, 1}, {2, 2}, {3, 3}, {5, 5},
                                     {7, 7}, {6, 6}, {1, 3}, {3, 1}};
  const auto& size = kSizes[engine() % std::size(kSizes)];
  const auto& kernel = kKernels[engine() % std::size(kKernels)];
  Shape s{size[0], size[1],
          pick(engine, {1, 3, 7, 8, 9, 15, 16, 17, 24, 31, 48, 64, 65, 80, 85, 130}), kernel[0],
          kernel[1]};
  s.stride_h = pick(engine, {1, 1, 2, 3});
  s.stride_w = engine() % 4 == 0 ? pick(engine, {1, 2}) : s.stride_h;
  s.pad_top = pick(engine, {0, 1, 2, 3});
  s.pad_left = pick(engine, {0, 1, 2, 3});
  s.pad_bottom = pick(engine, {0, 1, 2, 3});
  s.pad_right = pick(engine, {0, 1, 2, 3});
  s.dilation_h = pick(engine, {1, 1, 1, 2});
  s.dilation_w = pick(engine, {1, 1, 1, 2});
  s.x_gap = pick(engine, {0, 0, 1, 16, 37});
  s.y_gap = pick(engine, {0, 0, 1, 16, 37});
  s.activation = static_cast<Activation>(engine() % 11);
  s.residual = engine() % 3 == 0;
  s.in_place = s.residual && engine() % 2 == 0;
  return s;
}

TEST(Depthwise, ScalarComputesTheFormula) {
  std::mt19937 engine(1);
  for (int32_t done = 0; done < 60;) {
    Shape shape = random_shape(engine);
    shape.activation = Activation::kNone;
    if (!shape.valid()) continue;
    ++done;
    Problem problem(shape, static_cast<uint32_t>(done));
    const ImageBuffer y = problem.run(depthwise_variants().back().run, 1 + done % 5);
    ASSERT_TRUE(y.gaps_untouched());
    for (size_t i = 0; i < y.pixels(); ++i) {
      for (size_t c = 0; c < y.channels(); ++c) {
        const auto [value, magnitude] =
            problem.sum(static_cast<int32_t>(i) / shape.OW(), static_cast<int32_t>(i) % shape.OW(),
                        static_cast<int32_t>(c));
        const double expected =
            value + (shape.residual ? static_cast<double>(problem.residual(i, c)) : 0.0);
        ASSERT_NEAR(static_cast<double>(y.at(i, c)), expected, 1e-7 * (1.0 + magnitude))
            << shape.name() << "pixel " << i << " channel " << c;
      }
    }
  }
}

TEST(Depthwise, VariantsAgreeOnRandomShapes) {
  std::mt19937 engine(2);
  for (int32_t done = 0; done < 400;) {
    const Shape shape = random_shape(engine);
    if (!shape.valid() || shape.products() > 500'000) continue;
    ++done;
    check_variants(shape, static_cast<uint32_t>(done));
    if (HasFatalFailure()) return;
  }
}

// Windows that lie outside altogether, on every side.
TEST(Depthwise, WindowsOutsideTheImage) {
  check_variants({.IH = 3,
                  .IW = 3,
                  .C = 20,
                  .KH = 2,
                  .KW = 2,
                  .pad_top = 5,
                  .pad_left = 4,
                  .pad_bottom = 6,
                  .pad_right = 3},
                 1);
  check_variants({.IH = 2,
                  .IW = 2,
                  .C = 16,
                  .KH = 2,
                  .KW = 2,
                  .pad_top = 9,
                  .pad_left = 9,
                  .pad_bottom = 9,
                  .pad_right = 9,
                  .dilation_h = 6,
                  .dilation_w = 6},
                 2);
}

TEST(Depthwise, EveryCountOfParts) {
  const Shape shape{.IH = 7,
                    .IW = 13,
                    .C = 37,
                    .KH = 3,
                    .KW = 3,
                    .pad_top = 1,
                    .pad_left = 1,
                    .pad_bottom = 1,
                    .pad_right = 1,
                    .y_gap = 5,
                    .activation = Activation::kSilu,
                    .residual = true,
                    .in_place = true};
  Problem problem(shape, 7);
  const ImageBuffer reference = problem.run(depthwise_variants().back().run, 1);
  for (const DepthwiseVariant& variant : depthwise_variants()) {
    if (!usable(variant.isa)) continue;
    for (int32_t parts = 1; parts <= 100; ++parts) {
      expect_close(problem, problem.run(variant.run, parts), reference,
                   std::string(variant.name) + " parts " + std::to_string(parts));
      if (HasFatalFailure()) return;
    }
  }
}

}  // namespace
}  // namespace pawl::kernels
