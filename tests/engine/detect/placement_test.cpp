// Proves: frames land in the network input where the Python pipelines put them (values worked out
// by hand from their formulas), and boxes travel back to where they came from.
#include "engine/detect/placement.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace pawl::engine {
namespace {

PreprocessSpec input(int32_t width, int32_t height, Fit fit) {
  PreprocessSpec spec;
  spec.width = width;
  spec.height = height;
  spec.fit = fit;
  return spec;
}

struct Example {
  const char* what;
  Fit fit;
  int32_t in_w, in_h, frame_w, frame_h;
  int32_t x, y, width, height;
};

// Python's round() goes half to even: 607.5 -> 608, 0.5 -> 0, 2.5 -> 2.
constexpr Example kExamples[] = {
    {"bus.jpg", Fit::kLetterboxCentred, 640, 640, 810, 1080, 80, 0, 480, 640},
    {"camera to its natural input", Fit::kLetterboxCentred, 640, 384, 1280, 720, 0, 12, 640, 360},
    {"same size", Fit::kLetterboxCentred, 640, 640, 640, 640, 0, 0, 640, 640},
    {"upscaled", Fit::kLetterboxCentred, 640, 640, 200, 200, 0, 0, 640, 640},
    {"one pixel", Fit::kLetterboxCentred, 640, 384, 1, 1, 128, 0, 384, 384},
    {"odd padding goes right", Fit::kLetterboxCentred, 640, 640, 640, 427, 0, 106, 640, 427},
    {"size rounds to 427", Fit::kLetterboxCentred, 640, 640, 480, 320, 0, 106, 640, 427},
    {"half rounds to even, down", Fit::kLetterboxCentred, 64, 64, 128, 5, 0, 31, 64, 2},
    {"half rounds to even, up", Fit::kLetterboxCentred, 64, 64, 128, 7, 0, 30, 64, 4},
    {"portrait", Fit::kLetterboxCentred, 640, 640, 720, 1280, 140, 0, 360, 640},
    {"widest frame, never empty", Fit::kLetterboxCentred, 640, 640, 16384, 1, 0, 319, 640, 1},
    {"widest frame", Fit::kLetterboxCentred, 640, 640, 16384, 16384, 0, 0, 640, 640},
    {"YOLOX cuts", Fit::kLetterboxTopLeft, 416, 416, 810, 1080, 0, 0, 312, 416},
    {"YOLOX cuts 277.33", Fit::kLetterboxTopLeft, 416, 416, 480, 320, 0, 0, 416, 277},
    {"YOLOX cuts 277.94", Fit::kLetterboxTopLeft, 416, 416, 1000, 668, 0, 0, 416, 277},
    {"YOLOX never empty", Fit::kLetterboxTopLeft, 416, 416, 1, 16384, 0, 0, 1, 416},
    {"stretch", Fit::kStretch, 416, 320, 810, 1080, 0, 0, 416, 320},
};

TEST(Placement, MatchesExamples) {
  for (const Example& e : kExamples) {
    SCOPED_TRACE(e.what);
    const FittedFrame fitted = fit_frame(input(e.in_w, e.in_h, e.fit), e.frame_w, e.frame_h);
    EXPECT_EQ(fitted.x, e.x);
    EXPECT_EQ(fitted.y, e.y);
    EXPECT_EQ(fitted.width, e.width);
    EXPECT_EQ(fitted.height, e.height);
    EXPECT_EQ(fitted.placement.frame_width, e.frame_w);
    EXPECT_EQ(fitted.placement.frame_height, e.frame_h);
  }
}

TEST(Placement, BusMapsBackAsPublished) {
  const FittedFrame f = fit_frame(input(640, 640, Fit::kLetterboxCentred), 810, 1080);
  EXPECT_FLOAT_EQ((80.0F - f.placement.offset_x) * f.placement.scale_x, 0.0F);
  EXPECT_FLOAT_EQ((560.0F - f.placement.offset_x) * f.placement.scale_x, 810.0F);
  EXPECT_FLOAT_EQ((320.0F - f.placement.offset_y) * f.placement.scale_y, 540.0F);
}

// The rectangle stays inside the input and its corners map to the frame's, up to the rounding of
// its size to whole pixels.
TEST(Placement, RandomRoundTrip) {
  std::mt19937 random(7);
  std::uniform_int_distribution<int32_t> frame_side(1, 16384), input_side(32, 1536);
  for (int i = 0; i < 20000; ++i) {
    const Fit fit = static_cast<Fit>(i % 3);
    const int32_t w = i % 5 == 0 ? 1 + i % 40 : frame_side(random);
    const int32_t h = frame_side(random);
    const PreprocessSpec spec = input(input_side(random), input_side(random), fit);
    const FittedFrame f = fit_frame(spec, w, h);
    ASSERT_GE(f.width, 1);
    ASSERT_GE(f.height, 1);
    ASSERT_GE(f.x, 0);
    ASSERT_GE(f.y, 0);
    ASSERT_LE(f.x + f.width, spec.width);
    ASSERT_LE(f.y + f.height, spec.height);
    const auto back_x = [&](double x) { return (x - f.placement.offset_x) * f.placement.scale_x; };
    const auto back_y = [&](double y) { return (y - f.placement.offset_y) * f.placement.scale_y; };
    ASSERT_EQ(back_x(f.x), 0.0);
    ASSERT_EQ(back_y(f.y), 0.0);
    ASSERT_NEAR(back_x(f.x + f.width), w, 1.01 * f.placement.scale_x + 1e-3 * w);
    ASSERT_NEAR(back_y(f.y + f.height), h, 1.01 * f.placement.scale_y + 1e-3 * h);
    // A point of the frame, out and back.
    const double x = w * 0.37;
    ASSERT_NEAR(back_x(x / f.placement.scale_x + f.placement.offset_x), x, 1e-3 * (1.0 + x));
  }
}

}  // namespace
}  // namespace pawl::engine
