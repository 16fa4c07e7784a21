// Proves: the scalar u8 convolution computes the formula of conv_u8.h and quantized.h (against
// int64 sums over unpacked weights and a double-precision epilogue written for the tests), and
// every other variant this CPU runs gives the same bits, for awkward channels, sizes, kernels,
// strides, pads, dilations, pixel strides, any number of parts, u8 and float outputs, with a
// residual that is its own output, at the extremes of every operand, and without touching a byte it
// does not own.
#include "kernels/conv_u8.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "kernels/cpu/conv_u8/variants.h"
#include "kernels/cpu/vec/requantize_scalar.h"
#include "tests/kernels/conv_u8_problem.h"

namespace pawl::kernels {
namespace {

using Shape = QuantizedShape;
using Problem = ConvU8Problem;

void check_variants(Problem& problem, const std::vector<int32_t>& splits) {
  const std::span<const ConvU8Variant> variants = conv_u8_variants();
  const auto reference = problem.run(variants.back().run, 1);
  for (const ConvU8Variant& variant : runnable(variants)) {
    for (const int32_t parts : splits) {
      expect_equal(problem.shape(), *problem.run(variant.run, parts), *reference,
                   std::string(variant.name) + " shape " + problem.shape().name() + "parts " +
                       std::to_string(parts));
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

void check_shape(const Shape& shape, uint32_t seed) {
  Problem problem(shape, seed);
  check_variants(problem, {1, kSplits[seed % std::size(kSplits)]});
}

// That the scalar specification computes the documented formula.
void check_specification(Problem& problem, int32_t parts) {
  const Shape& shape = problem.shape();
  const auto y = problem.run(conv_u8_variants().back().run, parts);
  ASSERT_TRUE(y->bytes.gaps_untouched() && y->floats.gaps_untouched());
  for (size_t i = 0; i < y->bytes.pixels(); ++i) {
    for (size_t c = 0; c < y->bytes.channels(); ++c) {
      const Expected expected = problem.expected(i, c);
      if (shape.float_output) {
        ASSERT_TRUE(is_near(y->floats.at(i, c), expected.value, expected.tolerance))
            << shape.name() << " pixel " << i << " channel " << c << ": " << y->floats.at(i, c)
            << " != " << expected.value;
      } else {
        const ByteRange range = expected_bytes(expected, problem.inverse_scale()[c], shape.y_zero);
        const int64_t actual = y->bytes.at(i, c);
        ASSERT_TRUE(actual >= range.low && actual <= range.high)
            << shape.name() << " pixel " << i << " channel " << c << ": " << actual << " not in ["
            << range.low << ", " << range.high << "]";
      }
    }
  }
}

constexpr int32_t kChannels[] = {1, 3, 4, 5, 15, 16, 17, 24, 31, 32, 33, 48, 64, 65, 80, 85};

Shape random_shape(std::mt19937& engine) {
  Shape s = random_quantized_shape(engine);
  s.IC = pick(engine, kChannels);
  s.OC = pick(engine, kChannels);
  return s;
}
int64_t products(const Shape& s) {
  return int64_t{s.OH()} * s.OW() * s.OC * s.IC * s.KH * s.KW;
}

TEST(ConvU8, ScalarComputesTheFormula) {
  std::mt19937 engine(1);
  for (int32_t done = 0; done < 120;) {
    const Shape shape = random_shape(engine);
    if (!shape.valid() || products(shape) > 500'000) continue;
    ++done;
    Problem problem(shape, static_cast<uint32_t>(done));
    check_specification(problem, 1 + done % 5);
    if (HasFatalFailure()) return;
  }
}

TEST(ConvU8, VariantsGiveTheSameBits) {
  std::mt19937 engine(2);
  for (uint32_t done = 0; done < 250;) {
    const Shape shape = random_shape(engine);
    if (!shape.valid() || products(shape) > 3'000'000) continue;
    check_shape(shape, ++done);
    if (HasFatalFailure()) return;
  }
}

TEST(ConvU8, EveryChannelCount) {
  for (const int32_t IC : kChannels) {
    for (const int32_t OC : kChannels) {
      Shape shape{.IH = 5, .IW = 6, .IC = IC, .OC = OC, .KH = 1, .KW = 1};
      shape.activation = Activation::kSilu;
      if ((IC + OC) % 2 == 0) {
        shape.KH = shape.KW = 3;
        shape.pad_top = shape.pad_left = shape.pad_bottom = shape.pad_right = 1;
      }
      check_shape(shape, static_cast<uint32_t>(IC * 100 + OC));
      if (HasFatalFailure()) return;
    }
  }
}

// A window of one pixel that is as large as its input and still moves: it is not the plain product.
TEST(ConvU8, ASinglePixelWindowThatMoves) {
  for (const int32_t down : {0, 1}) {
    for (const int32_t right : {0, 1}) {
      Shape shape{.IH = 9, .IW = 37, .IC = 8, .OC = 20, .KH = 1, .KW = 1};
      shape.pad_top = down, shape.pad_bottom = -down;
      shape.pad_left = right, shape.pad_right = -right;
      check_shape(shape, 3);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(ConvU8, EveryNumberOfParts) {
  Problem problem({.IH = 20,
                   .IW = 20,
                   .IC = 32,
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
                   .in_place = true},
                  7);
  std::vector<int32_t> splits;
  for (int32_t parts = 1; parts <= 70; ++parts) splits.push_back(parts);
  check_variants(problem, splits);
}

// More taps than one tile keeps pointers to; a window that lies outside altogether.
TEST(ConvU8, LargeWindows) {
  check_shape({.IH = 30,
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
  check_shape({.IH = 2,
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
TEST(ConvU8, LargeImage) {
  Shape pointwise{.IH = 128, .IW = 96, .IC = 48, .OC = 33, .KH = 1, .KW = 1};
  pointwise.x_gap = 16;
  pointwise.activation = Activation::kSilu;
  check_shape(pointwise, 3);
  Shape stem{.IH = 90, .IW = 110, .IC = 3, .OC = 16, .KH = 3, .KW = 3};
  stem.stride_h = stem.stride_w = 2;
  stem.pad_top = stem.pad_left = 1;
  stem.activation = Activation::kSilu;
  check_shape(stem, 4);
}

// The largest products, of either sign: 16-bit sums of pairs would saturate here.
TEST(ConvU8, ExtremeOperands) {
  for (const int32_t weight : {-128, 127}) {
    for (const int32_t zero : {0, 128, 255}) {
      for (const bool float_output : {false, true}) {
        Shape shape{.IH = 7, .IW = 9, .IC = 85, .OC = 33, .KH = 3, .KW = 3};
        shape.pad_top = shape.pad_left = 1;
        shape.x_zero = shape.y_zero = zero;
        shape.float_output = float_output;
        Problem problem(shape, 5);
        problem.x().fill(255);
        std::fill(problem.weight().begin(), problem.weight().end(), static_cast<int8_t>(weight));
        problem.pack();
        check_variants(problem, {1, 3});
        check_specification(problem, 1);
        if (HasFatalFailure()) return;
      }
    }
  }
}

// As deep as a sum may be, at the largest bias, where the two agree and where they all but cancel:
// then the float shows every bit of the sum.
TEST(ConvU8, LargestSums) {
  Shape shape{.IH = 3, .IW = 3, .IC = 2048, .OC = 17, .KH = 4, .KW = 4};
  shape.pad_top = shape.pad_left = shape.pad_bottom = shape.pad_right = 1;
  shape.float_output = true;
  const int64_t depth = int64_t{shape.IC} * shape.KH * shape.KW;
  ASSERT_EQ(depth, kConvU8DepthMax);
  for (const int32_t weight : {-128, 127}) {
    for (const int32_t zero : {0, 128, 255}) {
      shape.x_zero = zero;
      Problem problem(shape, 9);
      std::fill(problem.weight().begin(), problem.weight().end(), static_cast<int8_t>(weight));
      problem.pack();
      std::fill(problem.scale().begin(), problem.scale().end(), 1.0F);
      for (const int64_t bias : {bias_limit(depth), -bias_limit(depth)}) {
        std::fill(problem.bias().begin(), problem.bias().end(), static_cast<int32_t>(bias));
        for (const uint8_t x : {uint8_t{0}, uint8_t{255}}) {
          problem.x().fill(x);
          const auto expected = static_cast<float>(problem.sum(1, 0, 16));
          for (const ConvU8Variant& variant : runnable(conv_u8_variants())) {
            const auto y = problem.run(variant.run, 1);
            ASSERT_EQ(y->floats.at(2, 16), expected)
                << variant.name << " weight " << weight << " zero " << zero << " bias " << bias;
          }
        }
      }
    }
  }
}

// A bound of either zero, met by a value of either sign: minimum and maximum instructions differ.
TEST(ConvU8, ClipsToZeroOfEitherSign) {
  Shape shape{.IH = 1, .IW = 1, .IC = 1, .OC = 48, .KH = 1, .KW = 1};
  shape.activation = Activation::kClip;
  shape.float_output = true;
  Problem problem(shape, 10);
  problem.x().fill(0);
  for (size_t c = 0; c < 48; ++c) {
    problem.scale()[c] = c % 2 == 0 ? 1.0F : -1.0F;
    problem.bias()[c] = static_cast<int32_t>(c % 3) - 1;
  }
  for (const float low : {-0.0F, 0.0F, -1.0F}) {
    for (const float high : {-0.0F, 0.0F, 1.0F}) {
      problem.activation() = {Activation::kClip, low, high};
      check_variants(problem, {1});
      if (HasFatalFailure()) return;
    }
  }
}

// Real values in every octave, beyond what an integer and then what a float holds, saturate to 0
// and 255. An activation that makes a NaN of an infinity gives 0.
TEST(ConvU8, SaturatesBeyondIntegers) {
  constexpr int32_t kOctaves = 168;
  for (const Activation activation : kQuantizedActivations) {
    Shape shape{.IH = 3, .IW = 6, .IC = 5, .OC = 2 * kOctaves, .KH = 1, .KW = 1};
    shape.activation = activation;
    shape.residual = activation == Activation::kRelu;
    Problem problem(shape, 6);
    for (size_t c = 0; c < 2 * kOctaves; ++c) {
      problem.inverse_scale()[c] = 0x1p24F;
      problem.scale()[c] = std::ldexp(1.0F, static_cast<int>(c / 2) - 40);
      problem.bias()[c] = c % 2 == 0 ? 2'000'000'000 : -2'000'000'000;
    }
    check_variants(problem, {1});
    if (HasFatalFailure()) return;
    if (activation != Activation::kNone) continue;
    for (const ConvU8Variant& variant : runnable(conv_u8_variants())) {
      const auto y = problem.run(variant.run, 1);
      for (size_t c = 0; c < 2 * kOctaves; ++c) {
        ASSERT_EQ(y->bytes.at(0, c), c % 2 == 0 ? 255 : 0) << variant.name << " channel " << c;
      }
    }
  }
}

// Ties go to even, before the zero point is added.
TEST(ConvU8, RoundsTiesToEven) {
  Shape shape{.IH = 1, .IW = 1, .IC = 1, .OC = 64, .KH = 1, .KW = 1};
  for (const int32_t zero : {100, 101}) {
    shape.y_zero = zero;
    Problem problem(shape, 8);
    problem.x().fill(0);
    for (size_t c = 0; c < 64; ++c) {
      problem.inverse_scale()[c] = 0.5F;
      problem.scale()[c] = 1.0F;
      problem.bias()[c] = static_cast<int32_t>(c) - 32;
    }
    for (const ConvU8Variant& variant : runnable(conv_u8_variants())) {
      const auto y = problem.run(variant.run, 1);
      for (size_t c = 0; c < 64; ++c) {
        const double half = (static_cast<double>(c) - 32.0) * 0.5;
        ASSERT_EQ(y->bytes.at(0, c), static_cast<int32_t>(std::nearbyint(half)) + zero)
            << variant.name;
      }
    }
  }
}

TEST(ConvU8, SigmoidTableKeepsItsBound) {
  double silu = 0.0;
  double sigmoid = 0.0;
  for (int32_t i = -400'000; i <= 400'000; ++i) {
    const float x = static_cast<float>(i) * 1e-4F;
    const double exact = 1.0 / (1.0 + std::exp(-static_cast<double>(x)));
    const float s = cpu::activate_quantized(x, {Activation::kSigmoid});
    const float y = cpu::activate_quantized(x, {Activation::kSilu});
    sigmoid = std::max(sigmoid, std::abs(static_cast<double>(s) - exact));
    silu = std::max(silu, std::abs(static_cast<double>(y) - static_cast<double>(x) * exact));
  }
  EXPECT_LE(silu, 1e-4);
  EXPECT_LE(sigmoid, 4e-5);
  for (const float x : {-3e38F, -1e9F, -88.0F}) {
    EXPECT_NEAR(cpu::activate_quantized(x, {Activation::kSigmoid}), 0.0F, 4e-5F);
    EXPECT_NEAR(cpu::activate_quantized(x, {Activation::kSilu}), 0.0F, 1e-4F);
    EXPECT_NEAR(cpu::activate_quantized(-x, {Activation::kSigmoid}), 1.0F, 4e-5F);
    EXPECT_NEAR(cpu::activate_quantized(-x, {Activation::kSilu}), -x, 1e-4F);
  }
}

TEST(ConvU8, SupportsWhatItSays) {
  for (const Activation activation : kQuantizedActivations) {
    EXPECT_TRUE(epilogue_supports(activation));
  }
  EXPECT_FALSE(epilogue_supports(Activation::kTanh));
  EXPECT_FALSE(epilogue_supports(Activation::kMish));
  EXPECT_FALSE(epilogue_supports(Activation::kGelu));
}

}  // namespace
}  // namespace pawl::kernels
