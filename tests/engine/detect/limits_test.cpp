// Proves limits and roundings that one number decides: a head's pixels are counted over all its
// levels, and a frame that is fitted to the top left is rounded down, to the centre to the nearest.
#include <gtest/gtest.h>

#include <vector>

#include "engine/detect/decode.h"
#include "engine/detect/level_binding.h"
#include "engine/detect/placement.h"

namespace pawl::engine {
namespace {

// Levels of decoded boxes that all read the same few floats: strides of nothing.
bool accepted(const std::vector<int32_t>& counts) {
  HeadSpec head;
  head.layout = OutputLayout::kMaps;
  head.box = BoxCode::kCxcywh;
  head.classes = 2;
  std::vector<LevelBinding> levels;
  for (const int32_t count : counts) {
    LevelBinding level;
    level.count = count;
    level.box = {0, 0, 0, 1};
    level.scores = {0, 4, 0, 1};
    levels.push_back(level);
  }
  const std::vector<int64_t> floats = {6};
  return check_levels(head, levels, floats).ok();
}

TEST(Limits, PixelsOfAHeadAreCountedOverItsLevels) {
  EXPECT_TRUE(accepted({kMaxHeadPixels}));
  EXPECT_FALSE(accepted({kMaxHeadPixels + 1}));
  EXPECT_TRUE(accepted({kMaxHeadPixels - 1, 1}));
  EXPECT_FALSE(accepted({kMaxHeadPixels, 1}));
  EXPECT_FALSE(accepted({kMaxHeadPixels - 1, 1, 1}));
  EXPECT_FALSE(accepted({kMaxHeadPixels, kMaxHeadPixels, kMaxHeadPixels}));
  EXPECT_FALSE(accepted({}));
  EXPECT_FALSE(accepted({0}));
}

TEST(Limits, FramesAreRoundedAsTheirModelsDo) {
  struct Case {
    int32_t frame_w, frame_h, width, height;
    int32_t centred_w, centred_h, corner_w, corner_h;
  };
  const Case cases[] = {
      {100, 67, 64, 64, 64, 43, 64, 42},          // 42.88
      {67, 100, 64, 64, 43, 64, 42, 64},          //
      {100, 66, 64, 64, 64, 42, 64, 42},          // 42.24
      {1280, 719, 640, 640, 640, 360, 640, 359},  // 359.5, a tie: to even
      {1280, 721, 640, 640, 640, 360, 640, 360},  // 360.5
      {1000, 1, 64, 64, 64, 1, 64, 1},            // never less than a pixel
  };
  for (const Case& c : cases) {
    PreprocessSpec spec;
    spec.width = c.width;
    spec.height = c.height;
    spec.fit = Fit::kLetterboxCentred;
    const FittedFrame centred = fit_frame(spec, c.frame_w, c.frame_h);
    EXPECT_EQ(centred.width, c.centred_w) << c.frame_w << "x" << c.frame_h;
    EXPECT_EQ(centred.height, c.centred_h) << c.frame_w << "x" << c.frame_h;
    spec.fit = Fit::kLetterboxTopLeft;
    const FittedFrame corner = fit_frame(spec, c.frame_w, c.frame_h);
    EXPECT_EQ(corner.width, c.corner_w) << c.frame_w << "x" << c.frame_h;
    EXPECT_EQ(corner.height, c.corner_h) << c.frame_w << "x" << c.frame_h;
    EXPECT_EQ(corner.x, 0);
    EXPECT_EQ(corner.y, 0);
  }
}

}  // namespace
}  // namespace pawl::engine
