// Proves: every variant of the Winograd convolution that this CPU runs computes the direct 3x3
// convolution (in double precision, written here) within the contract's bound, for awkward
// channels, sizes, pads, pixel strides and activations, for inputs of wildly different magnitudes,
// with a residual that is its own output, from scratch full of NaN, with the same bits for any
// number of parts, and without touching a float it does not own. And that the rule of choice says
// what the measurements in winograd.h say.
#include "kernels/winograd.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "kernels/cpu/winograd/variants.h"
#include "kernels/panel.h"
#include "tests/kernels/image_buffer.h"
#include "tests/kernels/variants.h"

namespace pawl::kernels {
namespace {

constexpr int32_t kTile = 4;

enum class Data { kUniform, kWide };  // kWide: magnitudes from 1e-3 to 1e3, a third zero

struct Shape {
  int32_t IH, IW, IC, OC;
  int32_t pad_top = 1, pad_left = 1, pad_bottom = 1, pad_right = 1;
  int32_t x_gap = 0, y_gap = 0;
  Activation activation = Activation::kNone;
  bool residual = false;
  bool in_place = false;  // residual == y
  Data data = Data::kUniform;

  int32_t OH() const { return IH + pad_top + pad_bottom - 2; }
  int32_t OW() const { return IW + pad_left + pad_right - 2; }
  bool valid() const { return OH() > 0 && OW() > 0; }
  int64_t products() const { return int64_t{OH()} * OW() * OC * IC * 9; }
  std::string name() const {
    std::string text;
    for (const int32_t n :
         {IH, IW, IC, OC, pad_top, pad_left, pad_bottom, pad_right, x_gap, y_gap,
          static_cast<int32_t>(activation), int32_t{residual}, int32_t{in_place}}) {
      text += std::to_string(n) + ' ';
    }
    return text;
  }
};

double activated(double x, Activation kind, double alpha, double beta) {
  const auto clamped = [](double v, double low, double high) {
    return std::min(std::max(v, low), high);
  };
  switch (kind) {
    case Activation::kNone:
      return x;
    case Activation::kRelu:
      return std::max(x, 0.0);
    case Activation::kLeakyRelu:
      return x < 0.0 ? alpha * x : x;
    case Activation::kSigmoid:
      return 1.0 / (1.0 + std::exp(-x));
    case Activation::kSilu:
      return x / (1.0 + std::exp(-x));
    case Activation::kHardSwish:
      return x * clamped(x / 6.0 + 0.5, 0.0, 1.0);
    case Activation::kHardSigmoid:
      return clamped(alpha * x + beta, 0.0, 1.0);
    case Activation::kTanh:
      return std::tanh(x);
    case Activation::kMish:
      return x > 40.0 ? x : x * std::tanh(std::log1p(std::exp(x)));
    case Activation::kGelu:
      return 0.5 * x * std::erfc(-x / std::sqrt(2.0));
    case Activation::kClip:
      return clamped(x, alpha, beta);
  }
  return x;
}

// One convolution with all its operands and its direct result.
class Problem {
 public:
  Problem(const Shape& shape, uint32_t seed)
      : shape_(shape),
        engine_(seed),
        x_(shape.IH * shape.IW, shape.IC, shape.IC + shape.x_gap),
        residual_(pixels(), shape.OC, shape.OC + 3),
        weight_(static_cast<size_t>(shape.OC * shape.IC * 9)),
        packed_(packed_winograd_floats(shape.OC, shape.IC)),
        bias_(static_cast<size_t>((shape.OC + kPanelChannels - 1) / kPanelChannels *
                                  kPanelChannels)) {
    for (size_t i = 0; i < x_.pixels(); ++i) {
      for (size_t c = 0; c < x_.channels(); ++c) x_.at(i, c) = value();
    }
    residual_.fill_random(engine_, -1.0F, 1.0F);
    for (float& w : weight_) w = value();
    std::fill_n(packed_.data(), packed_.size(), kNaN);
    pack_winograd_weights(weight_.data(), shape.OC, shape.IC, packed_.data());
    std::fill_n(bias_.data(), bias_.size(), 0.0F);
    for (size_t i = 0; i < static_cast<size_t>(shape.OC); ++i) bias_[i] = value();
    compute_directly();
  }

  const Shape& shape() const { return shape_; }

  ImageBuffer run(WinogradFn winograd, int32_t parts) const {
    ImageBuffer y(pixels(), shape_.OC, shape_.OC + shape_.y_gap);
    y.fill(kNaN);
    if (shape_.in_place) {
      for (size_t i = 0; i < y.pixels(); ++i) {
        for (size_t c = 0; c < y.channels(); ++c) y.at(i, c) = residual_.at(i, c);
      }
    }
    ImageBuffer& x = const_cast<ImageBuffer&>(x_);
    ImageBuffer& residual = const_cast<ImageBuffer&>(residual_);
    WinogradParams p{};
    p.IH = shape_.IH, p.IW = shape_.IW, p.IC = shape_.IC;
    p.OH = shape_.OH(), p.OW = shape_.OW(), p.OC = shape_.OC;
    p.pad_top = shape_.pad_top, p.pad_left = shape_.pad_left;
    p.x_pixel_stride = shape_.IC + shape_.x_gap;
    p.y_pixel_stride = shape_.OC + shape_.y_gap;
    p.residual_pixel_stride = shape_.in_place ? p.y_pixel_stride : shape_.OC + 3;
    p.x = x.data();
    p.weight = packed_.data();
    p.bias = bias_.data();
    p.residual = shape_.in_place ? y.data() : (shape_.residual ? residual.data() : nullptr);
    p.y = y.data();
    p.activation = {shape_.activation, kAlpha, kBeta};
    AlignedFloats scratch(winograd_scratch_floats(p, parts));
    std::fill_n(scratch.data(), scratch.size(), kNaN);
    p.scratch = scratch.data();
    run_parts(winograd, p, parts);
    return y;
  }

  struct Output {
    double sum;        // before activation
    double magnitude;  // |bias| + sum |x*w|
    double scale;      // S of the contract
  };
  const Output& output(size_t pixel, size_t channel) const {
    return outputs_[pixel * static_cast<size_t>(shape_.OC) + channel];
  }
  double expected(size_t pixel, size_t channel) const {
    const double y = activated(output(pixel, channel).sum, shape_.activation,
                               static_cast<double>(kAlpha), static_cast<double>(kBeta));
    return shape_.residual ? y + static_cast<double>(residual_.at(pixel, channel)) : y;
  }

 private:
  static constexpr float kAlpha = 0.25F;
  static constexpr float kBeta = 0.75F;

  int32_t pixels() const { return shape_.OH() * shape_.OW(); }

  float value() {
    std::uniform_real_distribution<float> uniform(-1.0F, 1.0F);
    const float v = uniform(engine_);
    if (shape_.data == Data::kUniform) return v;
    if (engine_() % 3 == 0) return 0.0F;
    return v * std::pow(10.0F, 3.0F * uniform(engine_));
  }

  double x_at(int32_t iy, int32_t ix, int32_t ic) const {
    if (iy < 0 || iy >= shape_.IH || ix < 0 || ix >= shape_.IW) return 0.0;
    return static_cast<double>(
        x_.at(static_cast<size_t>(iy * shape_.IW + ix), static_cast<size_t>(ic)));
  }

  void compute_directly() {
    outputs_.resize(static_cast<size_t>(pixels()) * static_cast<size_t>(shape_.OC));
    for (int32_t oy = 0; oy < shape_.OH(); oy += kTile) {
      for (int32_t ox = 0; ox < shape_.OW(); ox += kTile) compute_tile(oy, ox);
    }
  }

  void compute_tile(int32_t top, int32_t left) {
    const int32_t bottom = std::min(top + kTile, shape_.OH());
    const int32_t right = std::min(left + kTile, shape_.OW());
    const int32_t iy = top - shape_.pad_top;
    const int32_t ix = left - shape_.pad_left;
    std::vector<double> largest(static_cast<size_t>(shape_.IC));
    for (int32_t ic = 0; ic < shape_.IC; ++ic) {
      for (int32_t i = 0; i < 36; ++i) {
        double& most = largest[static_cast<size_t>(ic)];
        most = std::max(most, std::abs(x_at(iy + i / 6, ix + i % 6, ic)));
      }
    }
    for (int32_t oc = 0; oc < shape_.OC; ++oc) {
      const double bias = static_cast<double>(bias_[static_cast<size_t>(oc)]);
      double scale = std::abs(bias);
      for (int32_t ic = 0; ic < shape_.IC; ++ic) {
        for (int32_t tap = 0; tap < 9; ++tap) {
          scale += largest[static_cast<size_t>(ic)] * std::abs(weight_at(oc, ic, tap));
        }
      }
      for (int32_t oy = top; oy < bottom; ++oy) {
        for (int32_t ox = left; ox < right; ++ox) {
          Output& output = outputs_[static_cast<size_t>((oy * shape_.OW() + ox) * shape_.OC + oc)];
          output = {bias, std::abs(bias), scale};
          for (int32_t tap = 0; tap < 9; ++tap) {
            for (int32_t ic = 0; ic < shape_.IC; ++ic) {
              const double product =
                  x_at(oy + tap / 3 - shape_.pad_top, ox + tap % 3 - shape_.pad_left, ic) *
                  weight_at(oc, ic, tap);
              output.sum += product;
              output.magnitude += std::abs(product);
            }
          }
        }
      }
    }
  }

  double weight_at(int32_t oc, int32_t ic, int32_t tap) const {
    return static_cast<double>(weight_[static_cast<size_t>((oc * shape_.IC + ic) * 9 + tap)]);
  }

  Shape shape_;
  std::mt19937 engine_;
  ImageBuffer x_, residual_;
  std::vector<float> weight_;
  AlignedFloats packed_, bias_;
  std::vector<Output> outputs_;
};

// Whole arrays, not single EXPECTs: an image has too many floats to report each.
void expect_close(const Problem& problem, const ImageBuffer& y, const std::string& what) {
  ASSERT_TRUE(y.gaps_untouched()) << what;
  // The steepest activation, hard-swish, has a slope of 3/2.
  const double slope = problem.shape().activation == Activation::kNone ? 1.0 : 1.5;
  for (size_t i = 0; i < y.pixels(); ++i) {
    for (size_t c = 0; c < y.channels(); ++c) {
      const double expected = problem.expected(i, c);
      const double bound =
          1e-5 * slope * problem.output(i, c).scale + 2e-6 * std::max(1.0, std::abs(expected));
      ASSERT_TRUE(is_near(y.at(i, c), expected, bound))
          << what << " pixel " << i << " channel " << c << ": " << y.at(i, c) << " != " << expected
          << " +- " << bound;
    }
  }
}

bool same_bits(const ImageBuffer& a, const ImageBuffer& b) {
  for (size_t i = 0; i < a.pixels(); ++i) {
    for (size_t c = 0; c < a.channels(); ++c) {
      const float left = a.at(i, c);
      const float right = b.at(i, c);
      if (std::memcmp(&left, &right, sizeof(left)) != 0) return false;
    }
  }
  return true;
}

void check_variants(const Shape& shape, uint32_t seed) {
  const Problem problem(shape, seed);
  for (const WinogradVariant& variant : runnable(winograd_variants())) {
    const std::string what = std::string(variant.name) + " shape " + shape.name();
    const ImageBuffer whole = problem.run(variant.run, 1);
    expect_close(problem, whole, what);
    if (testing::Test::HasFatalFailure()) return;
    const int32_t parts = kSplits[seed % std::size(kSplits)];
    if (parts == 1) continue;
    const ImageBuffer split = problem.run(variant.run, parts);
    ASSERT_TRUE(split.gaps_untouched()) << what << "parts " << parts;
    ASSERT_TRUE(same_bits(whole, split)) << what << "parts " << parts;
  }
}

template <size_t kCount>
int32_t pick(std::mt19937& engine, const int32_t (&values)[kCount]) {
  return values[engine() % kCount];
}

constexpr int32_t kChannels[] = {1, 3, 8, 15, 16, 17, 31, 32, 33, 48, 64, 65, 80};
constexpr int32_t kSizes[][2] = {{1, 1}, {1, 7}, {5, 3}, {8, 8}, {13, 13}, {20, 20}, {33, 17}};

Shape random_shape(std::mt19937& engine) {
  const auto& size = kSizes[engine() % std::size(kSizes)];
  Shape s{size[0], size[1], pick(engine, kChannels), pick(engine, kChannels)};
  s.pad_top = pick(engine, {0, 1, 2});
  s.pad_left = pick(engine, {0, 1, 2});
  s.pad_bottom = pick(engine, {0, 1, 2});
  s.pad_right = pick(engine, {0, 1, 2});
  s.x_gap = pick(engine, {0, 0, 1, 16, 37});
  s.y_gap = pick(engine, {0, 0, 1, 16, 37});
  s.activation = static_cast<Activation>(engine() % 11);
  s.residual = engine() % 3 == 0;
  s.in_place = s.residual && engine() % 2 == 0;
  return s;
}

TEST(Winograd, EqualsDirectConvolutionOnRandomShapes) {
  std::mt19937 engine(1);
  for (int32_t done = 0; done < 250;) {
    const Shape shape = random_shape(engine);
    if (!shape.valid() || shape.products() > 3'000'000) continue;
    ++done;
    check_variants(shape, static_cast<uint32_t>(done));
    if (HasFatalFailure()) return;
  }
}

// A tile shares its rounding, so a small output next to a large one is the hard case.
TEST(Winograd, HoldsTheBoundWhereMagnitudesDiffer) {
  std::mt19937 engine(2);
  for (int32_t done = 0; done < 60;) {
    Shape shape = random_shape(engine);
    shape.activation = Activation::kNone;
    shape.data = Data::kWide;
    if (!shape.valid() || shape.products() > 2'000'000) continue;
    ++done;
    check_variants(shape, static_cast<uint32_t>(done));
    if (HasFatalFailure()) return;
  }
}

// What the contract says of data of one magnitude, at the channels that networks have.
TEST(Winograd, IsNearlyAsExactAsDirectOnUniformData) {
  for (const int32_t channels : {16, 64, 256}) {
    const Problem problem({.IH = 18,
                           .IW = 18,
                           .IC = channels,
                           .OC = 16,
                           .pad_top = 0,
                           .pad_left = 0,
                           .pad_bottom = 0,
                           .pad_right = 0},
                          static_cast<uint32_t>(channels));
    for (const WinogradVariant& variant : runnable(winograd_variants())) {
      const ImageBuffer y = problem.run(variant.run, 1);
      double worst = 0.0;
      double squares = 0.0;
      for (size_t i = 0; i < y.pixels(); ++i) {
        for (size_t c = 0; c < y.channels(); ++c) {
          const double error = std::abs(static_cast<double>(y.at(i, c)) - problem.expected(i, c)) /
                               problem.output(i, c).magnitude;
          ASSERT_TRUE(std::isfinite(error));
          worst = std::max(worst, error);
          squares += error * error;
        }
      }
      const double rms = std::sqrt(squares / static_cast<double>(y.pixels() * y.channels()));
      EXPECT_LE(worst, 1e-6) << variant.name << " channels " << channels;
      EXPECT_LE(rms, 1e-7) << variant.name << " channels " << channels;
      RecordProperty(
          std::string(variant.name) + "_" + std::to_string(channels),
          std::to_string(worst * 1e9) + "e-9 worst, " + std::to_string(rms * 1e9) + "e-9 rms");
    }
  }
}

// Every count of tiles up to more than two micro-kernels, with every count of panels.
TEST(Winograd, EveryTileRemainder) {
  for (int32_t panels = 1; panels <= 5; ++panels) {
    for (int32_t tiles = 1; tiles <= 30; ++tiles) {
      check_variants(
          {.IH = 2, .IW = tiles * kTile - tiles % 4, .IC = 5, .OC = panels * 16 - tiles % 3},
          static_cast<uint32_t>(tiles));
      if (HasFatalFailure()) return;
    }
  }
}

TEST(Winograd, EveryActivationWithAndWithoutResidual) {
  for (uint32_t kind = 0; kind <= 10; ++kind) {
    for (const bool residual : {false, true}) {
      check_variants({.IH = 9,
                      .IW = 11,
                      .IC = 8,
                      .OC = 37,
                      .activation = static_cast<Activation>(kind),
                      .residual = residual,
                      .in_place = residual && kind % 2 == 0},
                     kind);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(Winograd, EveryCountOfPartsGivesTheSameBits) {
  const Problem problem({.IH = 13,
                         .IW = 13,
                         .IC = 6,
                         .OC = 80,
                         .y_gap = 5,
                         .activation = Activation::kSilu,
                         .residual = true,
                         .in_place = true},
                        7);
  for (const WinogradVariant& variant : runnable(winograd_variants())) {
    const ImageBuffer whole = problem.run(variant.run, 1);
    expect_close(problem, whole, variant.name);
    if (HasFatalFailure()) return;
    for (int32_t parts = 2; parts <= 70; ++parts) {
      const ImageBuffer split = problem.run(variant.run, parts);
      ASSERT_TRUE(split.gaps_untouched()) << variant.name << " parts " << parts;
      ASSERT_TRUE(same_bits(whole, split)) << variant.name << " parts " << parts;
    }
  }
}

// Several blocks of tiles, with a remainder; then channels so many that a block is least.
TEST(Winograd, LargeImageAndManyChannels) {
  check_variants({.IH = 61, .IW = 90, .IC = 17, .OC = 33, .activation = Activation::kSilu}, 3);
  check_variants({.IH = 20, .IW = 19, .IC = 520, .OC = 17}, 4);
}

TEST(Winograd, IsChosenWhereItWasMeasuredToWin) {
  EXPECT_TRUE(winograd_wins(16, 16, 160, 160));
  EXPECT_TRUE(winograd_wins(80, 64, 20, 20));
  EXPECT_TRUE(winograd_wins(256, 256, 16, 16));
  EXPECT_FALSE(winograd_wins(16, 3, 80, 80));
  EXPECT_FALSE(winograd_wins(16, 8, 160, 160));
  EXPECT_FALSE(winograd_wins(128, 128, 7, 7));
  EXPECT_FALSE(winograd_wins(256, 256, 13, 13));
  EXPECT_FALSE(winograd_wins(512, 512, 10, 10));
  EXPECT_FALSE(winograd_wins(64, 64, 1, 400));  // tiles of one row waste three
}

}  // namespace
}  // namespace pawl::kernels
