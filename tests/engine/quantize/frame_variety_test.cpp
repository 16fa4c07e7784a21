// Proves: copies and frames of one colour are told from pictures that differ, whatever lies in the
// padding of their rows.
#include "engine/quantize/frame_variety.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace pawl::engine {
namespace {

using platform::Frame;
using platform::PixelFormat;

// `seed` 0: one colour. Padding differs with every call.
class Pictures {
 public:
  Frame picture(uint32_t seed, PixelFormat format = PixelFormat::kBgr8) {
    constexpr int32_t kWidth = 23;
    constexpr int32_t kHeight = 17;
    const int32_t pixel = format == PixelFormat::kGray8 ? 1 : 3;
    const int32_t row = kWidth * pixel;
    const int32_t stride = row + 9;
    bytes_.resize(static_cast<size_t>(stride) * kHeight);
    std::mt19937 random(seed);
    for (int32_t y = 0; y < kHeight; ++y) {
      for (int32_t x = 0; x < stride; ++x) {
        const auto shade = static_cast<uint8_t>(seed == 0 ? 40 + x % pixel : random() % 256);
        bytes_[static_cast<size_t>(y * stride + x)] =
            x < row ? shade : static_cast<uint8_t>(padding_());
      }
    }
    Frame frame;
    frame.format = format;
    frame.width = kWidth;
    frame.height = kHeight;
    frame.stride = stride;
    frame.data = bytes_.data();
    return frame;
  }

 private:
  std::vector<uint8_t> bytes_;
  std::mt19937 padding_{99};
};

bool says(const FrameVariety& variety, const char* what) {
  const std::vector<std::string> lines = variety.warnings();
  return std::any_of(lines.begin(), lines.end(), [what](const std::string& line) {
    return line.find(what) != std::string::npos;
  });
}

TEST(FrameVariety, PicturesThatDifferAreFine) {
  Pictures pictures;
  FrameVariety variety;
  for (uint32_t seed = 1; seed <= 5; ++seed) variety.add(pictures.picture(seed));
  EXPECT_TRUE(variety.warnings().empty());
}

TEST(FrameVariety, CopiesAreNamed) {
  Pictures pictures;
  FrameVariety same;
  for (int i = 0; i < 4; ++i) same.add(pictures.picture(7));
  EXPECT_TRUE(says(same, "all 4 calibration images are the same picture"));
  FrameVariety some = same;
  some.add(pictures.picture(8));
  EXPECT_TRUE(says(some, "only 2 of the 5 calibration images differ"));
  FrameVariety one;
  one.add(pictures.picture(7));
  EXPECT_TRUE(one.warnings().empty());  // too few is another warning
}

TEST(FrameVariety, OneColourIsNamed) {
  for (const PixelFormat format : {PixelFormat::kBgr8, PixelFormat::kGray8}) {
    Pictures pictures;
    FrameVariety variety;
    variety.add(pictures.picture(0, format));
    variety.add(pictures.picture(3, format));
    EXPECT_TRUE(says(variety, "1 of the 2 calibration images are of one colour"));
    EXPECT_TRUE(variety.check().ok());
    FrameVariety blank;
    for (int i = 0; i < 3; ++i) blank.add(pictures.picture(0, format));
    ASSERT_FALSE(blank.check().ok());
    EXPECT_NE(blank.check().error().message.find("of one colour"), std::string::npos);
  }
}

}  // namespace
}  // namespace pawl::engine
