// Proven here: every attention variant, in every split, equals the definition evaluated in double
// precision, for awkward numbers of pixels, heads and channels; scores far apart do not overflow;
// nothing outside y and the stated scratch is written, and no gap of x is used.
#include "kernels/attention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "kernels/cpu/attention/variants.h"
#include "tests/kernels/image_buffer.h"
#include "tests/kernels/variants.h"

namespace pawl::kernels {
namespace {

// y of one head and query, in double.
std::vector<double> definition(const AttentionParams& p, const ImageBuffer& x, int32_t head,
                               size_t i) {
  const auto channel = [&](int32_t offset, int32_t d) {
    return static_cast<size_t>(offset + head * p.head_stride + d);
  };
  const auto pixels = static_cast<size_t>(p.P);
  std::vector<double> score(pixels, 0.0);
  for (size_t j = 0; j < pixels; ++j) {
    for (int32_t d = 0; d < p.D; ++d) {
      score[j] += static_cast<double>(x.at(i, channel(p.q_offset, d))) *
                  static_cast<double>(x.at(j, channel(p.k_offset, d)));
    }
    score[j] *= static_cast<double>(p.scale);
  }
  const double largest = *std::max_element(score.begin(), score.end());
  double total = 0.0;
  std::vector<double> y(static_cast<size_t>(p.VD), 0.0);
  for (size_t j = 0; j < pixels; ++j) {
    const double weight = std::exp(score[j] - largest);
    total += weight;
    for (int32_t e = 0; e < p.VD; ++e) {
      y[static_cast<size_t>(e)] += weight * static_cast<double>(x.at(j, channel(p.v_offset, e)));
    }
  }
  for (double& value : y) value /= total;
  return y;
}

void check(AttentionParams p, float magnitude, std::span<const int32_t> splits) {
  SCOPED_TRACE(testing::Message() << "P " << p.P << " heads " << p.heads << " D " << p.D << " VD "
                                  << p.VD << " magnitude " << magnitude);
  std::mt19937 random(7);
  const int32_t channels = p.heads * p.head_stride;
  const int32_t outputs = p.heads * p.VD;
  ImageBuffer x(p.P, channels, p.x_pixel_stride);
  x.fill_random(random, -magnitude, magnitude);
  p.x = x.data();
  std::vector<std::vector<double>> expected;
  for (int32_t h = 0; h < p.heads; ++h) {
    for (size_t i = 0; i < static_cast<size_t>(p.P); ++i) {
      expected.push_back(definition(p, x, h, i));
    }
  }
  const double bound = 1e-5 * static_cast<double>(magnitude);
  for (const AttentionVariant& variant : runnable(attention_variants())) {
    for (const int32_t parts : splits) {
      ImageBuffer y(p.P + 1, outputs, p.y_pixel_stride);
      const auto scratch_floats = static_cast<int32_t>(attention_scratch_floats(p));
      ImageBuffer scratch(parts, scratch_floats, scratch_floats + 8);  // guards between the parts
      p.y = y.data();
      for (int32_t part = 0; part < parts; ++part) {
        AttentionParams own = p;
        // The kernel steps by attention_scratch_floats a part; 8 more keep the guards.
        own.scratch = scratch.data() + ptrdiff_t{part} * 8;
        variant.run(own, part, parts);
      }
      size_t wrong = 0;
      for (size_t i = 0; i < static_cast<size_t>(p.P); ++i) {
        for (size_t o = 0; o < static_cast<size_t>(outputs); ++o) {
          const size_t head = o / static_cast<size_t>(p.VD);
          const double value =
              expected[head * static_cast<size_t>(p.P) + i][o % static_cast<size_t>(p.VD)];
          wrong += is_near(y.at(i, o), value, bound) ? 0 : 1;
        }
      }
      for (size_t o = 0; o < static_cast<size_t>(outputs); ++o) {
        wrong += std::isnan(y.at(static_cast<size_t>(p.P), o)) ? 0 : 1;
      }
      ASSERT_EQ(wrong, 0U) << variant.name << " in " << parts << " parts";
      ASSERT_TRUE(y.gaps_untouched() && scratch.gaps_untouched()) << variant.name;
    }
  }
}

AttentionParams interleaved(int32_t P, int32_t heads, int32_t D, int32_t VD) {
  AttentionParams p{};
  p.P = P;
  p.heads = heads;
  p.D = D;
  p.VD = VD;
  p.q_offset = 0;
  p.k_offset = D;
  p.v_offset = 2 * D;
  p.head_stride = 2 * D + VD;
  p.x_pixel_stride = heads * p.head_stride + 3;
  p.y_pixel_stride = heads * VD + 5;
  p.scale = 1.0F / std::sqrt(static_cast<float>(D));
  return p;
}

TEST(Attention, AwkwardShapes) {
  for (const int32_t P : {1, 2, 7, 16, 17, 49}) {
    for (const int32_t D : {1, 8, 33}) {
      for (const int32_t VD : {1, 16, 17, 40, 64}) {
        check(interleaved(P, 2, D, VD), 2.0F, kSplits);
      }
    }
  }
}

TEST(Attention, TwentyByTwenty) {
  const int32_t splits[] = {1, 3};
  check(interleaved(400, 2, 32, 64), 1.5F, splits);
}

// Scores of +-10^4: all weight goes to the best key, and nothing overflows.
TEST(Attention, ScoresFarApart) {
  AttentionParams p = interleaved(21, 3, 4, 9);
  std::mt19937 random(9);
  ImageBuffer x(p.P, 3 * p.head_stride, p.x_pixel_stride);
  x.fill_random(random, -1.0F, 1.0F);
  for (size_t j = 0; j < 21; ++j) {
    for (int32_t h = 0; h < 3; ++h) {
      const auto head = static_cast<size_t>(h * p.head_stride);
      for (size_t d = 0; d < 4; ++d) {
        x.at(j, head + d) = 100.0F;
        x.at(j, head + 4 + d) = (j == 13 ? 50.0F : -50.0F);
      }
    }
  }
  p.x = x.data();
  for (const AttentionVariant& variant : runnable(attention_variants())) {
    ImageBuffer y(p.P, 27, p.y_pixel_stride);
    std::vector<float> scratch(attention_scratch_floats(p), kNaN);
    p.y = y.data();
    p.scratch = scratch.data();
    variant.run(p, 0, 1);
    for (size_t i = 0; i < 21; ++i) {
      for (size_t o = 0; o < 27; ++o) {
        const size_t channel = o / 9 * static_cast<size_t>(p.head_stride) + 8 + o % 9;
        ASSERT_NEAR(y.at(i, o), x.at(13, channel), 1e-6) << variant.name;
      }
    }
  }
}

}  // namespace
}  // namespace pawl::kernels
