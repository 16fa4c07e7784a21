// Proven here: every pixelwise variant, in every split, equals the definition (activations in
// double precision), over views with gaps, in place, and with one broadcast pixel; nothing outside
// y is written, and no gap of an input is used.
#include "kernels/pixelwise.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

#include "kernels/cpu/pixelwise/variants.h"
#include "tests/kernels/image_buffer.h"
#include "tests/kernels/variants.h"

namespace pawl::kernels {
namespace {

constexpr int32_t kChannels[] = {1, 3, 7, 8, 9, 15, 16, 17, 31, 64};
constexpr int32_t kActivations = 11;

double logistic(double x) {
  return 1.0 / (1.0 + std::exp(-x));
}

double definition(const ActivationParams& activation, double x) {
  const auto alpha = static_cast<double>(activation.alpha);
  const auto beta = static_cast<double>(activation.beta);
  switch (activation.kind) {
    case Activation::kNone:
      return x;
    case Activation::kRelu:
      return std::max(x, 0.0);
    case Activation::kLeakyRelu:
      return x > 0.0 ? x : alpha * x;
    case Activation::kSigmoid:
      return logistic(x);
    case Activation::kSilu:
      return x * logistic(x);
    case Activation::kHardSwish:
      return x * std::clamp(x / 6.0 + 0.5, 0.0, 1.0);
    case Activation::kHardSigmoid:
      return std::clamp(alpha * x + beta, 0.0, 1.0);
    case Activation::kTanh:
      return std::tanh(x);
    case Activation::kMish:
      return x * std::tanh(std::log1p(std::exp(x)));
    case Activation::kGelu:
      return 0.5 * x * std::erfc(-x / std::sqrt(2.0));
    case Activation::kClip:
      return std::clamp(x, alpha, beta);
  }
  return kNaN;
}

ActivationParams activation_of(int32_t kind) {
  const auto activation = static_cast<Activation>(kind);
  if (activation == Activation::kClip) return {activation, -0.7F, 1.3F};
  return {activation, 0.2F, 0.5F};
}

double bound_of(const ActivationParams& activation, double value) {
  return activation.kind == Activation::kNone ? 0.0 : 2e-6 * std::max(1.0, std::fabs(value));
}

// Values of the channels of a buffer, before a kernel writes over them.
std::vector<float> values_of(const ImageBuffer& image) {
  std::vector<float> values;
  for (size_t i = 0; i < image.pixels(); ++i) {
    for (size_t c = 0; c < image.channels(); ++c) values.push_back(image.at(i, c));
  }
  return values;
}

TEST(Pixelwise, UnaryEveryActivation) {
  std::mt19937 random(1);
  for (const PixelwiseVariant& variant : runnable(pixelwise_variants())) {
    for (int32_t kind = 0; kind < kActivations; ++kind) {
      for (const int32_t C : kChannels) {
        const bool dense = (kind + C) % 2 == 0;
        const bool in_place = C % 3 == 0;
        const int32_t parts = kSplits[(kind + C) % 5];
        const int32_t P = 13;
        ImageBuffer x(P + 1, C, dense ? C : C + 3);
        ImageBuffer other(P + 1, C, dense ? C : C + 5);
        ImageBuffer& y = in_place ? x : other;
        x.fill_random(random, -9.0F, 9.0F);
        const std::vector<float> before = values_of(x);
        const UnaryParams p{.P = P,
                            .C = C,
                            .x_pixel_stride = dense ? C : C + 3,
                            .y_pixel_stride = dense ? C : (in_place ? C + 3 : C + 5),
                            .x = x.data(),
                            .y = y.data(),
                            .activation = activation_of(kind)};
        run_parts(variant.unary, p, parts);
        SCOPED_TRACE(testing::Message() << variant.name << " activation " << kind << " C " << C);
        for (size_t i = 0; i < static_cast<size_t>(P * C); ++i) {
          const double expected = definition(p.activation, static_cast<double>(before[i]));
          const float value = y.at(i / static_cast<size_t>(C), i % static_cast<size_t>(C));
          ASSERT_TRUE(is_near(value, expected, bound_of(p.activation, expected)))
              << before[i] << " gave " << value << " not " << expected;
        }
        const float after = y.at(static_cast<size_t>(P), 0);
        ASSERT_TRUE(in_place ? after == before[static_cast<size_t>(P * C)] : std::isnan(after));
        ASSERT_TRUE(x.gaps_untouched() && y.gaps_untouched());
      }
    }
  }
}

double definition(BinaryOp op, double a, double b) {
  switch (op) {
    case BinaryOp::kAdd:
      return a + b;
    case BinaryOp::kSub:
      return a - b;
    case BinaryOp::kMul:
      return a * b;
    case BinaryOp::kDiv:
      return a / b;
    case BinaryOp::kMin:
      return std::min(a, b);
    case BinaryOp::kMax:
      return std::max(a, b);
  }
  return kNaN;
}

TEST(Pixelwise, BinaryEveryOperation) {
  std::mt19937 random(2);
  for (const PixelwiseVariant& variant : runnable(pixelwise_variants())) {
    for (int32_t op = 0; op < 6; ++op) {
      for (const int32_t C : {1, 8, 9, 16, 31, 4099}) {
        for (int32_t layout = 0; layout < 4; ++layout) {
          const int32_t P = C > 1000 ? 2 : 11;
          const int32_t gap = layout % 2 == 0 ? 0 : 2;
          const bool broadcast = layout >= 2;
          ImageBuffer a(P, C, C + gap);
          ImageBuffer b(broadcast ? 1 : P, C, C + gap);
          ImageBuffer y(P + 1, C, C + gap);
          a.fill_random(random, -5.0F, 5.0F);
          b.fill_random(random, 0.5F, 2.0F);
          BinaryParams p{};
          p.P = P;
          p.C = C;
          p.op = static_cast<BinaryOp>(op);
          p.a_pixel_stride = p.y_pixel_stride = C + gap;
          p.b_pixel_stride = broadcast ? 0 : C + gap;
          p.a = a.data();
          p.b = b.data();
          p.y = y.data();
          p.activation = activation_of((op + C + layout) % kActivations);
          run_parts(variant.binary, p, kSplits[(op + layout) % 5]);
          // In place of a: the same again.
          const std::vector<float> apart = values_of(y);
          const std::vector<float> a_before = values_of(a);
          BinaryParams over = p;
          over.y = a.data();
          run_parts(variant.binary, over, 2);
          const std::vector<float> in_place = values_of(a);
          for (size_t i = 0; i < in_place.size(); ++i) ASSERT_EQ(in_place[i], apart[i]);
          ASSERT_TRUE(a.gaps_untouched());
          SCOPED_TRACE(testing::Message() << variant.name << " op " << op << " C " << C);
          for (size_t i = 0; i < static_cast<size_t>(P); ++i) {
            for (size_t c = 0; c < static_cast<size_t>(C); ++c) {
              // Rounded once to float, as the kernels do before the activation.
              const auto combined = static_cast<float>(
                  definition(p.op, static_cast<double>(a_before[i * static_cast<size_t>(C) + c]),
                             static_cast<double>(b.at(broadcast ? 0 : i, c))));
              const double expected = definition(p.activation, static_cast<double>(combined));
              ASSERT_TRUE(is_near(y.at(i, c), expected, bound_of(p.activation, expected)));
            }
          }
          ASSERT_TRUE(std::isnan(y.at(static_cast<size_t>(P), 0)) && y.gaps_untouched());
        }
      }
    }
  }
}

TEST(Pixelwise, GatherPermutesChannels) {
  std::mt19937 random(3);
  for (const PixelwiseVariant& variant : runnable(pixelwise_variants())) {
    for (const int32_t C : kChannels) {
      for (const int32_t parts : kSplits) {
        const int32_t source_channels = C + 4;
        ImageBuffer x(9, source_channels, source_channels + 1);
        ImageBuffer y(10, C, C + 2);
        x.fill_random(random, -1.0F, 1.0F);
        std::vector<int32_t> index(static_cast<size_t>(source_channels));
        std::iota(index.begin(), index.end(), 0);
        std::shuffle(index.begin(), index.end(), random);
        index.resize(static_cast<size_t>(C));
        const GatherParams p{9, C, source_channels + 1, C + 2, x.data(), index.data(), y.data()};
        run_parts(variant.gather, p, parts);
        for (size_t i = 0; i < 9; ++i) {
          for (size_t c = 0; c < static_cast<size_t>(C); ++c) {
            ASSERT_EQ(y.at(i, c), x.at(i, static_cast<size_t>(index[c]))) << variant.name;
          }
        }
        ASSERT_TRUE(std::isnan(y.at(9, 0)) && y.gaps_untouched()) << variant.name;
      }
    }
  }
}

TEST(Pixelwise, FocusTakesEveryPhase) {
  std::mt19937 random(4);
  for (const PixelwiseVariant& variant : runnable(pixelwise_variants())) {
    for (const int32_t C : {1, 3, 5, 8, 21}) {
      for (const int32_t parts : kSplits) {
        const int32_t OH = 5;
        const int32_t OW = 7;
        ImageBuffer x(4 * OH * OW, C, C + 1);
        ImageBuffer y(OH * OW + 1, 4 * C, 4 * C + 3);
        x.fill_random(random, -1.0F, 1.0F);
        // YOLOX: top left, bottom left, top right, bottom right.
        const FocusParams p{OH,           OW,           C,        C + 1,   4 * C + 3,
                            {0, 1, 0, 1}, {0, 0, 1, 1}, x.data(), y.data()};
        run_parts(variant.focus, p, parts);
        for (int32_t pixel = 0; pixel < 4 * OH * OW; ++pixel) {
          const int32_t iy = pixel / (2 * OW);
          const int32_t ix = pixel % (2 * OW);
          const int32_t group = iy % 2 + 2 * (ix % 2);
          for (int32_t c = 0; c < C; ++c) {
            ASSERT_EQ(
                y.at(static_cast<size_t>(iy / 2 * OW + ix / 2), static_cast<size_t>(group * C + c)),
                x.at(static_cast<size_t>(pixel), static_cast<size_t>(c)))
                << variant.name;
          }
        }
        ASSERT_TRUE(std::isnan(y.at(static_cast<size_t>(OH * OW), 0)) && y.gaps_untouched());
      }
    }
  }
}

}  // namespace
}  // namespace pawl::kernels
