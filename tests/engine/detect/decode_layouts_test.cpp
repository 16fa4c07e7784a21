// Proves that detections do not depend on how scores lie in memory: channel by channel or pixel by
// pixel, dense or with gaps of any width, in levels just below, at and above the number of pixels
// that one scan takes, for every kind of score.
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "engine/detect/decode.h"

namespace pawl::engine {
namespace {

constexpr int32_t kClasses = 5;

// A matrix of pixels x channels with gaps that hold the highest score of all.
struct Stored {
  std::vector<float> floats;
  HeadMap map;

  Stored(const std::vector<float>& values, int32_t channels, ptrdiff_t pixel, ptrdiff_t channel) {
    const auto pixels = static_cast<ptrdiff_t>(values.size()) / channels;
    floats.assign(static_cast<size_t>((pixels - 1) * pixel + (channels - 1) * channel + 1), 1e9F);
    for (ptrdiff_t p = 0; p < pixels; ++p) {
      for (ptrdiff_t c = 0; c < channels; ++c) {
        floats[static_cast<size_t>(p * pixel + c * channel)] =
            values[static_cast<size_t>(p * channels + c)];
      }
    }
    map = {.data = floats.data(), .pixel = pixel, .channel = channel};
  }
};

struct Numbers {
  std::vector<float> box, scores, objectness;
};

Numbers numbers(int32_t pixels, bool logits, uint32_t seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> place(0.0F, 600.0F), side(4.0F, 40.0F);
  Numbers n;
  for (int32_t p = 0; p < pixels; ++p) {
    const float x = place(random);
    const float y = place(random);
    n.box.insert(n.box.end(), {x, y, side(random), side(random)});
    const auto score = [&](bool high) {
      const float p1 = high ? 0.9F : 0.05F;
      return logits ? std::log(p1 / (1.0F - p1)) : p1;
    };
    for (int32_t c = 0; c < kClasses; ++c) n.scores.push_back(score(random() % 60 == 0));
    n.objectness.push_back(score(random() % 3 == 0));
  }
  return n;
}

std::vector<Detection> decoded(const Numbers& n, int32_t pixels, const HeadSpec& spec,
                               bool multi_label, ptrdiff_t pixel, ptrdiff_t channel) {
  const Stored box(n.box, 4, 4, 1);
  const Stored scores(n.scores, kClasses, pixel, channel);
  const Stored objectness(n.objectness, 1, pixel, 1);
  HeadLevel level;
  level.count = pixels;
  level.box = box.map;
  level.scores = scores.map;
  if (spec.objectness) level.objectness = objectness.map;
  auto decoder = Decoder::create(spec, {.multi_label = multi_label}, pixels);
  EXPECT_TRUE(decoder.ok());
  Placement placement;
  placement.frame_width = placement.frame_height = 640;
  placement.scale_x = placement.scale_y = 1.0F;
  const auto found = decoder.value().decode(std::span(&level, 1), placement);
  return {found.begin(), found.end()};
}

TEST(DecodeLayouts, GiveTheSameDetections) {
  for (const int32_t pixels : {1, 7, 1023, 1024, 1025, 2500}) {
    for (const bool logits : {false, true}) {
      for (const bool objectness : {false, true}) {
        for (const bool multi_label : {false, true}) {
          HeadSpec spec;
          spec.layout = OutputLayout::kMaps;
          spec.box = BoxCode::kCxcywh;
          spec.classes = kClasses;
          spec.objectness = objectness;
          spec.scores_are_logits = logits;
          const Numbers n = numbers(pixels, logits, static_cast<uint32_t>(pixels));
          const std::vector<Detection> expected =
              decoded(n, pixels, spec, multi_label, kClasses, 1);
          if (pixels > 1000) {
            EXPECT_GT(expected.size(), 10U);
          }
          const std::pair<ptrdiff_t, ptrdiff_t> layouts[] = {
              {kClasses + 3, 1},    // pixel by pixel, with a gap
              {1, pixels},          // channel by channel
              {1, pixels + 9},      // with a gap
              {2, 2 * pixels},      // every second float
              {7, 7 * pixels + 1},  //
              {3 * kClasses, 3},    // a pixel's channels apart
          };
          for (const auto& [pixel, channel] : layouts) {
            const std::vector<Detection> found =
                decoded(n, pixels, spec, multi_label, pixel, channel);
            ASSERT_EQ(found.size(), expected.size())
                << pixels << " pixels, strides " << pixel << " " << channel;
            for (size_t i = 0; i < found.size(); ++i) {
              ASSERT_EQ(found[i].class_id, expected[i].class_id);
              ASSERT_EQ(found[i].score, expected[i].score);
              ASSERT_EQ(found[i].x1, expected[i].x1);
              ASSERT_EQ(found[i].y2, expected[i].y2);
            }
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace pawl::engine
