// Proves what counts as a frame of one colour: every row and every pixel, in every format, and not
// what lies between the rows. Stripes either way, one odd pixel anywhere and a gradient are
// pictures.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "engine/quantize/frame_variety.h"

namespace pawl::engine {
namespace {

constexpr int32_t kWidth = 9, kHeight = 7, kGap = 5;

// `value` of (x, y, channel); the gap between rows holds something else.
bool uniform(platform::PixelFormat format, int32_t channels,
             const std::function<int(int32_t, int32_t, int32_t)>& value) {
  const int32_t stride = kWidth * channels + kGap;
  std::vector<uint8_t> pixels(static_cast<size_t>(stride * kHeight), 201);
  for (int32_t y = 0; y < kHeight; ++y) {
    for (int32_t x = 0; x < kWidth; ++x) {
      for (int32_t c = 0; c < channels; ++c) {
        pixels[static_cast<size_t>(y * stride + x * channels + c)] =
            static_cast<uint8_t>(value(x, y, c));
      }
    }
  }
  platform::Frame frame;
  frame.width = kWidth;
  frame.height = kHeight;
  frame.stride = stride;
  frame.format = format;
  frame.data = pixels.data();
  FrameVariety variety;
  variety.add(frame);
  return !variety.check().ok();
}

TEST(UniformFrames, AreOneColourThroughout) {
  using platform::PixelFormat;
  for (const auto& [format, channels] :
       {std::pair(PixelFormat::kBgr8, 3), std::pair(PixelFormat::kRgb8, 3),
        std::pair(PixelFormat::kGray8, 1), std::pair(PixelFormat::kNv12, 1)}) {
    SCOPED_TRACE(static_cast<int>(format));
    EXPECT_TRUE(uniform(format, channels, [](int, int, int) { return 0; }));
    EXPECT_TRUE(uniform(format, channels, [](int, int, int c) { return 40 + 30 * c; }));
    EXPECT_FALSE(uniform(format, channels, [](int, int y, int) { return 20 * y; })) << "rows";
    EXPECT_FALSE(uniform(format, channels, [](int x, int, int) { return 20 * x; })) << "columns";
    EXPECT_FALSE(uniform(format, channels, [](int x, int y, int) { return x + y; })) << "gradient";
    for (int32_t y = 0; y < kHeight; ++y) {
      for (int32_t x = 0; x < kWidth; ++x) {
        for (int32_t c = 0; c < channels; ++c) {
          EXPECT_FALSE(uniform(
              format, channels,
              [&](int px, int py, int pc) { return px == x && py == y && pc == c ? 8 : 7; }))
              << "pixel " << x << " " << y << " channel " << c;
        }
      }
    }
  }
}

}  // namespace
}  // namespace pawl::engine
