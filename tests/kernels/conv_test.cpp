// Proves: the scalar convolution computes the formula of conv.h (against a loop over unpacked
// weights written here), and every other variant this CPU runs agrees with it within the contract's
// bound, for awkward channels, sizes, kernels, strides, pads, dilations, pixel strides, any number
// of parts, with a residual that is its own output, and without touching a float it does not own.
#include "kernels/conv.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "kernels/cpu/conv/variants.h"
#include "kernels/panel.h"
#include "tests/kernels/image_buffer.h"

namespace pawl::kernels {
namespace {

struct Shape {
  int32_t IH, IW, IC, OC, KH, KW;
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
  int64_t products() const { return int64_t{OH()} * OW() * OC * IC * KH * KW; }
  std::string name() const {
    std::string text;
    for (const int32_t n :
         {IH, IW, IC, OC, KH, KW, stride_h, stride_w, pad_top, pad_left, pad_bottom, pad_right,
          dilation_h, dilation_w, x_gap, y_gap, static_cast<int32_t>(activation), int32_t{residual},
          int32_t{in_place}}) {
      text += std::to_string(n) + ' ';
    }
    return text;
  }
};

// One convolution with all its operands.
class Problem {
 public:
  Problem(const Shape& shape, uint32_t seed)
      : shape_(shape),
        engine_(seed),
        x_(shape.IH * shape.IW, shape.IC, shape.IC + shape.x_gap),
        residual_(pixels(), shape.OC, shape.OC + 3),
        weight_(static_cast<size_t>(shape.OC * shape.IC * shape.KH * shape.KW)),
        packed_(packed_conv_floats(shape.OC, shape.IC, shape.KH, shape.KW)),
        bias_(
            static_cast<size_t>((shape.OC + kPanelChannels - 1) / kPanelChannels * kPanelChannels)),
        zeros_(static_cast<size_t>(shape.IC)) {
    x_.fill_random(engine_, -1.0F, 1.0F);
    residual_.fill_random(engine_, -1.0F, 1.0F);
    std::uniform_real_distribution<float> uniform(-1.0F, 1.0F);
    for (float& w : weight_) w = uniform(engine_);
    std::fill_n(packed_.data(), packed_.size(), kNaN);
    pack_conv_weights(weight_.data(), shape.OC, shape.IC, shape.KH, shape.KW, packed_.data());
    std::fill_n(bias_.data(), bias_.size(), 0.0F);
    for (size_t i = 0; i < static_cast<size_t>(shape.OC); ++i) bias_[i] = uniform(engine_);
    std::fill_n(zeros_.data(), zeros_.size(), 0.0F);
  }

  int32_t pixels() const { return shape_.OH() * shape_.OW(); }

  ImageBuffer run(ConvFn conv, int32_t parts) {
    ImageBuffer y(pixels(), shape_.OC, shape_.OC + shape_.y_gap);
    y.fill(kNaN);
    if (shape_.in_place) {
      for (size_t i = 0; i < y.pixels(); ++i) {
        for (size_t c = 0; c < y.channels(); ++c) y.at(i, c) = residual_.at(i, c);
      }
    }
    ConvParams p{};
    p.IH = shape_.IH, p.IW = shape_.IW, p.IC = shape_.IC;
    p.OH = shape_.OH(), p.OW = shape_.OW(), p.OC = shape_.OC;
    p.KH = shape_.KH, p.KW = shape_.KW;
    p.stride_h = shape_.stride_h, p.stride_w = shape_.stride_w;
    p.pad_top = shape_.pad_top, p.pad_left = shape_.pad_left;
    p.dilation_h = shape_.dilation_h, p.dilation_w = shape_.dilation_w;
    p.x_pixel_stride = shape_.IC + shape_.x_gap;
    p.y_pixel_stride = shape_.OC + shape_.y_gap;
    p.residual_pixel_stride = shape_.in_place ? p.y_pixel_stride : shape_.OC + 3;
    p.x = x_.data();
    p.weight = packed_.data();
    p.bias = bias_.data();
    p.residual = shape_.in_place ? y.data() : (shape_.residual ? residual_.data() : nullptr);
    p.zeros = zeros_.data();
    p.y = y.data();
    p.activation = {shape_.activation, 0.25F, 0.75F};
    for (int32_t part = 0; part < parts; ++part) conv(p, part, parts);
    return y;
  }

  // The formula over the weights as they came: sum, and sum of magnitudes for the bound.
  struct Sum {
    double value, magnitude;
  };
  Sum sum(int32_t oy, int32_t ox, int32_t oc) const {
    const Shape& s = shape_;
    const double bias = static_cast<double>(bias_[static_cast<size_t>(oc)]);
    Sum result{bias, std::abs(bias)};
    for (int32_t ky = 0; ky < s.KH; ++ky) {
      for (int32_t kx = 0; kx < s.KW; ++kx) {
        const int32_t iy = oy * s.stride_h + ky * s.dilation_h - s.pad_top;
        const int32_t ix = ox * s.stride_w + kx * s.dilation_w - s.pad_left;
        if (iy < 0 || iy >= s.IH || ix < 0 || ix >= s.IW) continue;
        for (int32_t ic = 0; ic < s.IC; ++ic) {
          const float w = weight_[static_cast<size_t>(((oc * s.IC + ic) * s.KH + ky) * s.KW + kx)];
          const double product = static_cast<double>(w) *
                                 static_cast<double>(x_.at(static_cast<size_t>(iy * s.IW + ix),
                                                           static_cast<size_t>(ic)));
          result.value += product;
          result.magnitude += std::abs(product);
        }
      }
    }
    return result;
  }
  float residual(size_t pixel, size_t channel) const { return residual_.at(pixel, channel); }
  const Shape& shape() const { return shape_; }

 private:
  Shape shape_;
  std::mt19937 engine_;
  ImageBuffer x_, residual_;
  std::vector<float> weight_;
  AlignedFloats packed_, bias_, zeros_;
};

// Whole arrays, not single EXPECTs: an image has too many floats to report each.
void expect_close(const Problem& problem, const ImageBuffer& y, const ImageBuffer& reference,
                  const std::string& what) {
  ASSERT_TRUE(y.gaps_untouched()) << what;
  const Shape& s = problem.shape();
  for (size_t i = 0; i < y.pixels(); ++i) {
    const int32_t oy = static_cast<int32_t>(i) / s.OW();
    const int32_t ox = static_cast<int32_t>(i) % s.OW();
    for (size_t c = 0; c < y.channels(); ++c) {
      const float expected = reference.at(i, c);
      const float actual = y.at(i, c);
      const float error = std::abs(actual - expected);
      // The magnitude costs a loop; most errors are below the part of the bound that needs none.
      if (error <= 2e-6F) continue;
      const double magnitude = problem.sum(oy, ox, static_cast<int32_t>(c)).magnitude;
      const double bound =
          1e-5 * magnitude + 2e-6 * std::max(1.0, std::abs(static_cast<double>(expected)));
      ASSERT_LE(static_cast<double>(error), bound)
          << what << " pixel " << i << " channel " << c << ": " << actual << " != " << expected;
      ASSERT_TRUE(std::isfinite(actual)) << what << " pixel " << i << " channel " << c;
    }
  }
}

void check_variants(const Shape& shape, uint32_t seed) {
  Problem problem(shape, seed);
  const std::span<const ConvVariant> variants = conv_variants();
  const ImageBuffer reference = problem.run(variants.back().run, 1);
  for (const ConvVariant& variant : variants) {
    if (!usable(variant.isa)) continue;
    constexpr int32_t kParts[] = {1, 2, 3, 7, 64};
    const int32_t parts = kParts[seed % 5];
    for (const int32_t count : {1, parts}) {
      const ImageBuffer y = problem.run(variant.run, count);
      expect_close(
          problem, y, reference,
          std::string(variant.name) + " shape " + shape.name() + "parts " + std::to_string(count));
      if (testing::Test::HasFatalFailure() || count == parts) break;
    }
    if (testing::Test::HasFatalFailure()) return;
  }
}

template <size_t kCount>
int32_t pick(std::mt19937& engine, const int32_t (&values)[kCount]) {
  return values[engine() % kCount];
}

constexpr int32_t kChannels[] = {1, 3, 7, 12, 15, 16, 17, 24, 31, 32, 48, 64, 65, 80, 85};
constexpr int32_t kSizes[][2] = {{1, 1}, {1, 7}, {5, 3}, {13, 13}, {20, 20}, {33, 17}, {4, 40}};
constexpr int32_t kKernels[][2] = {{1, 1}, {2, 2}, {3, 3}, {5, 5}, {6, 6}, {7, 7}, {1, 3}, {3, 1}};

Shape random_shape(std::mt19937& engine) {
  const auto& size = kSizes[engine() % std::size(kSizes)];
  const auto& kernel = kKernels[engine() % std::size(kKernels)];
  Shape s{size[0], size[1], pick(engine, kChannels), pick(engine, kChannels), kernel[0], kernel[1]};
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

TEST(Conv, ScalarComputesTheFormula) {
  std::mt19937 engine(1);
  for (int32_t done = 0; done < 60;) {
    Shape shape = random_shape(engine);
    shape.activation = Activation::kNone;
    if (!shape.valid() || shape.products() > 1'000'000) continue;
    ++done;
    Problem problem(shape, static_cast<uint32_t>(done));
    const ImageBuffer y = problem.run(conv_variants().back().run, 1 + done % 5);
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

TEST(Conv, VariantsAgreeOnRandomShapes) {
  std::mt19937 engine(2);
  for (int32_t done = 0; done < 500;) {
    const Shape shape = random_shape(engine);
    if (!shape.valid() || shape.products() > 2'000'000) continue;
    ++done;
    check_variants(shape, static_cast<uint32_t>(done));
    if (HasFatalFailure()) return;
  }
}

// Each count of panels meets each remainder of a pixel tile.
TEST(Conv, EveryTileRemainder) {
  for (int32_t panels = 1; panels <= 7; ++panels) {
    for (int32_t width = 1; width <= 57; ++width) {
      check_variants(
          {.IH = 1, .IW = width, .IC = 5, .OC = panels * 16 - width % 3, .KH = 1, .KW = 1},
          static_cast<uint32_t>(width));
      if (HasFatalFailure()) return;
    }
  }
}

TEST(Conv, EveryActivationWithAndWithoutResidual) {
  for (uint32_t kind = 0; kind <= 10; ++kind) {
    for (const bool residual : {false, true}) {
      check_variants({.IH = 9,
                      .IW = 11,
                      .IC = 8,
                      .OC = 37,
                      .KH = 3,
                      .KW = 3,
                      .pad_top = 1,
                      .pad_left = 1,
                      .pad_bottom = 1,
                      .pad_right = 1,
                      .activation = static_cast<Activation>(kind),
                      .residual = residual,
                      .in_place = residual && kind % 2 == 0},
                     kind);
      if (HasFatalFailure()) return;
    }
  }
}

// The same bits whatever the parts, so that results do not depend on the number of threads.
TEST(Conv, EveryCountOfParts) {
  const Shape shape{.IH = 13,
                    .IW = 13,
                    .IC = 6,
                    .OC = 80,
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
  const ImageBuffer reference = problem.run(conv_variants().back().run, 1);
  for (const ConvVariant& variant : conv_variants()) {
    if (!usable(variant.isa)) continue;
    const ImageBuffer whole = problem.run(variant.run, 1);
    for (int32_t parts = 1; parts <= 70; ++parts) {
      const std::string where = std::string(variant.name) + " parts " + std::to_string(parts);
      const ImageBuffer y = problem.run(variant.run, parts);
      expect_close(problem, y, reference, where);
      if (HasFatalFailure()) return;
      for (size_t i = 0; i < y.pixels(); ++i) {
        for (size_t c = 0; c < y.channels(); ++c) {
          ASSERT_EQ(y.at(i, c), whole.at(i, c)) << where << " pixel " << i << " channel " << c;
        }
      }
    }
  }
}

// A window of one pixel that is as large as its input and still moves: it is not the plain product.
TEST(Conv, ASinglePixelWindowThatMoves) {
  for (const int32_t down : {0, 1}) {
    for (const int32_t right : {0, 1}) {
      check_variants({.IH = 9,
                      .IW = 37,
                      .IC = 5,
                      .OC = 20,
                      .KH = 1,
                      .KW = 1,
                      .pad_top = down,
                      .pad_left = right,
                      .pad_bottom = -down,
                      .pad_right = -right},
                     3);
      if (HasFatalFailure()) return;
    }
  }
}

// More taps than one tile keeps pointers to; a window that lies outside altogether.
TEST(Conv, LargeWindows) {
  check_variants({.IH = 30,
                  .IW = 31,
                  .IC = 2,
                  .OC = 17,
                  .KH = 19,
                  .KW = 17,
                  .pad_top = 9,
                  .pad_left = 8,
                  .pad_bottom = 9,
                  .pad_right = 8},
                 1);
  check_variants({.IH = 3,
                  .IW = 3,
                  .IC = 20,
                  .OC = 40,
                  .KH = 2,
                  .KW = 2,
                  .pad_top = 5,
                  .pad_left = 4,
                  .pad_bottom = 6,
                  .pad_right = 3},
                 2);
  check_variants({.IH = 2,
                  .IW = 2,
                  .IC = 4,
                  .OC = 16,
                  .KH = 2,
                  .KW = 2,
                  .pad_top = 9,
                  .pad_left = 9,
                  .pad_bottom = 9,
                  .pad_right = 9,
                  .dilation_h = 6,
                  .dilation_w = 6},
                 3);
}

// Several blocks of pixels, each passing over all panels.
TEST(Conv, LargeImage) {
  check_variants({.IH = 64,
                  .IW = 96,
                  .IC = 48,
                  .OC = 33,
                  .KH = 1,
                  .KW = 1,
                  .x_gap = 16,
                  .activation = Activation::kSilu},
                 3);
  check_variants({.IH = 90,
                  .IW = 110,
                  .IC = 3,
                  .OC = 16,
                  .KH = 3,
                  .KW = 3,
                  .stride_h = 2,
                  .stride_w = 2,
                  .pad_top = 1,
                  .pad_left = 1,
                  .activation = Activation::kSilu},
                 4);
}

}  // namespace
}  // namespace pawl::kernels
