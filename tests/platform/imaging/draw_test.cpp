// Proves that marks are drawn where they belong, plates stay within the picture, small pictures are
// enlarged, and that no box, however wild, writes outside.
#include "platform/imaging/draw.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <vector>

#include "tests/platform/imaging/test_files.h"

namespace pawl::platform {
namespace {

Image grey(int32_t width, int32_t height) {
  Image image = Image::blank(width, height);
  std::fill(image.pixels.begin(), image.pixels.end(), uint8_t{128});
  return image;
}

bool changed(const Image& image, int32_t x, int32_t y) {
  const uint8_t* pixel = image.row(y) + 3 * x;
  return pixel[0] != 128 || pixel[1] != 128 || pixel[2] != 128;
}

TEST(DrawMarks, OutlineAndPlateLeaveTheInsideAlone) {
  const Image image = grey(1280, 720);
  const std::vector<Mark> marks = {{400, 300, 700, 500, 1, "dent 0.87"}};
  const auto drawn = draw_marks(image, marks);
  ASSERT_TRUE(drawn.ok()) << drawn.error().message;
  ASSERT_EQ(drawn.value().width, 1280);
  EXPECT_TRUE(changed(drawn.value(), 400, 400));
  EXPECT_TRUE(changed(drawn.value(), 550, 500));
  EXPECT_TRUE(changed(drawn.value(), 405, 290));  // the plate, above
  EXPECT_FALSE(changed(drawn.value(), 550, 400));
  EXPECT_FALSE(changed(drawn.value(), 100, 100));
  EXPECT_EQ(image.pixels, grey(1280, 720).pixels);
}

TEST(DrawMarks, SmallPicturesAreEnlargedByAWholeFactor) {
  for (const auto& [side, wanted] : {std::pair{200, 800}, {639, 1278}, {640, 640}, {1, 640}}) {
    const auto drawn = draw_marks(grey(side, side), {});
    ASSERT_TRUE(drawn.ok());
    EXPECT_EQ(drawn.value().width, wanted);
  }
}

// A box in the corner: its plate has no room above and left, and comes inside.
TEST(DrawMarks, PlatesStayInside) {
  for (const auto& [x, y] : {std::pair{0, 0}, {1270, 0}, {0, 710}, {1270, 710}}) {
    const auto fx = static_cast<float>(x);
    const auto fy = static_cast<float>(y);
    const std::vector<Mark> marks = {{fx, fy, fx + 10, fy + 10, 0, "a rather long name 0.99"}};
    const auto drawn = draw_marks(grey(1280, 720), marks);
    ASSERT_TRUE(drawn.ok());
    int count = 0;
    for (int32_t v = 0; v < 720; ++v) {
      for (int32_t u = 0; u < 1280; ++u) count += changed(drawn.value(), u, v) ? 1 : 0;
    }
    EXPECT_GT(count, 5000);  // a plate that was cut off would be smaller
  }
}

TEST(DrawMarks, WildBoxesAndTexts) {
  std::mt19937 random(4);
  const float wild[] = {-1e9F,
                        -50.0F,
                        0.0F,
                        33.0F,
                        64.0F,
                        1e9F,
                        std::numeric_limits<float>::infinity(),
                        std::numeric_limits<float>::quiet_NaN()};
  std::vector<Mark> marks;
  for (int i = 0; i < 300; ++i) {
    const auto pick = [&] { return wild[random() % std::size(wild)]; };
    marks.push_back({pick(), pick(), pick(), pick(), static_cast<int32_t>(random()),
                     i % 3 == 0 ? std::string(5000, 'x') : "caf\xc3\xa9\n%s"});
  }
  const auto drawn = draw_marks(grey(64, 48), marks);
  ASSERT_TRUE(drawn.ok()) << drawn.error().message;
  EXPECT_EQ(drawn.value().width, 640);
}

}  // namespace
}  // namespace pawl::platform
