// Proves that pictures survive the way to a file and back, that every truncated or foreign file is
// an error, and that limits hold before pixels are allocated.
#include "platform/imaging/images.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>

#include "platform/imaging/jpeg.h"
#include "platform/imaging/orientation.h"
#include "platform/imaging/png.h"
#include "tests/platform/imaging/test_files.h"

namespace pawl::platform {
namespace {

int worst_difference(const Image& a, const Image& b) {
  if (a.width != b.width || a.height != b.height) return 256;
  int worst = 0;
  for (size_t i = 0; i < a.pixels.size(); ++i) {
    worst = std::max(worst, std::abs(a.pixels[i] - b.pixels[i]));
  }
  return worst;
}

TEST(Png, ReturnsEveryPixel) {
  for (const auto& [width, height] : {std::pair{1, 1}, {7, 3}, {101, 67}}) {
    const Image image = random_image(width, height, 5);
    const auto bytes = encode_png(image);
    ASSERT_TRUE(bytes.ok()) << bytes.error().message;
    const auto back = decode_image(bytes.value());
    ASSERT_TRUE(back.ok()) << back.error().message;
    EXPECT_EQ(worst_difference(image, back.value()), 0);
  }
}

TEST(Jpeg, ReturnsSmoothPicturesWithinAFewLevels) {
  for (const auto& [width, height] : {std::pair{64, 48}, {33, 17}}) {
    const Image image = smooth_image(width, height);
    const auto bytes = encode_jpeg(image, 95);
    ASSERT_TRUE(bytes.ok()) << bytes.error().message;
    const auto back = decode_image(bytes.value());
    ASSERT_TRUE(back.ok()) << back.error().message;
    EXPECT_LE(worst_difference(image, back.value()), 12);
  }
}

// Every beginning of a good file is refused; no byte flipped anywhere crashes.
TEST(Images, TruncatedAndDamagedFilesAreErrors) {
  const Image image = random_image(40, 30, 9);
  for (const auto& whole : {encode_png(image).value(), encode_jpeg(image, 90).value()}) {
    for (size_t length = 0; length + 2 < whole.size(); length += 1 + length / 64) {
      const auto result = decode_image(std::span(whole).first(length));
      ASSERT_FALSE(result.ok()) << length << " of " << whole.size();
      EXPECT_EQ(result.error().message.find('\n'), std::string::npos);
    }
    std::vector<std::byte> damaged = whole;
    for (size_t i = 0; i < damaged.size(); i += 1 + i / 256) {
      damaged[i] ^= std::byte{0x55};
      static_cast<void>(decode_image(damaged).ok());
      damaged[i] ^= std::byte{0x55};
    }
  }
}

TEST(Images, ForeignAndEmptyFiles) {
  EXPECT_EQ(decode_image({}).error().code, Code::kCorrupt);
  const std::string text = "this is no picture";
  const auto result = decode_image(std::as_bytes(std::span(text)));
  EXPECT_EQ(result.error().code, Code::kUnsupported);
  EXPECT_EQ(load_image("/nonexistent/a.png").error().code, Code::kNotFound);
}

TEST(Images, LimitsHoldBeforeDecoding) {
  const Image image = smooth_image(64, 48);
  for (const auto& bytes : {encode_png(image).value(), encode_jpeg(image, 80).value()}) {
    EXPECT_TRUE(decode_image(bytes, {.side_max = 64}).ok());
    EXPECT_EQ(decode_image(bytes, {.side_max = 63}).error().code, Code::kExhausted);
    EXPECT_TRUE(decode_image(bytes, {.pixels_max = 64 * 48}).ok());
    EXPECT_EQ(decode_image(bytes, {.pixels_max = 64 * 48 - 1}).error().code, Code::kExhausted);
    const TestFolder folder;
    const auto path = folder.write("a.png", bytes);
    EXPECT_EQ(load_image(path, {.file_bytes_max = bytes.size() - 1}).error().code,
              Code::kExhausted);
  }
  // A PNG header that claims 2^31 - 1 squared: refused without an attempt to hold it.
  std::vector<std::byte> bomb = encode_png(image).value();
  for (size_t i = 16; i < 24; ++i) bomb[i] = std::byte{i % 4 == 0 ? uint8_t{0x7f} : uint8_t{0xff}};
  EXPECT_FALSE(decode_image(bomb).ok());
}

TEST(Images, SavedWholeOrNotAtAll) {
  const TestFolder folder;
  const Image image = random_image(12, 9, 2);
  ASSERT_TRUE(save_image(folder.path("a.png"), image).ok());
  EXPECT_EQ(worst_difference(load_image(folder.path("a.png")).value(), image), 0);
  EXPECT_TRUE(save_image(folder.path("a.JPG"), image).ok());
  EXPECT_EQ(save_image(folder.path("a.tiff"), image).error().code, Code::kInvalidArgument);
  EXPECT_FALSE(save_image(folder.path("missing/a.png"), image).ok());
  EXPECT_FALSE(std::filesystem::exists(folder.path("missing")));
}

// Corner pixels of a 3x2 picture, by the table in the Exif specification: where the stored top
// left corner is shown.
TEST(Orientation, TurnsThePictureUpright) {
  Image stored = Image::blank(3, 2);
  for (size_t i = 0; i < 6; ++i) stored.pixels[3 * i] = static_cast<uint8_t>(10 * (i + 1));
  struct Case {
    int orientation;
    int32_t width, height;
    int first_row[3];
  };
  for (const Case& c :
       {Case{1, 3, 2, {10, 20, 30}}, Case{2, 3, 2, {30, 20, 10}}, Case{3, 3, 2, {60, 50, 40}},
        Case{4, 3, 2, {40, 50, 60}}, Case{5, 2, 3, {10, 40, 0}}, Case{6, 2, 3, {40, 10, 0}},
        Case{7, 2, 3, {60, 30, 0}}, Case{8, 2, 3, {30, 60, 0}}, Case{9, 3, 2, {10, 20, 30}}}) {
    const Image shown = upright(stored, c.orientation);
    ASSERT_EQ(shown.width, c.width) << c.orientation;
    ASSERT_EQ(shown.height, c.height) << c.orientation;
    for (int32_t x = 0; x < shown.width; ++x) {
      EXPECT_EQ(shown.row(0)[3 * x], c.first_row[x]) << c.orientation << " at " << x;
    }
  }
}

// The tag in both byte orders, and every truncation of it.
TEST(Orientation, ReadsTheTag) {
  const uint8_t little[] = {'E',  'x',  'i', 'f', 0, 0, 'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0,
                            0x12, 0x01, 3,   0,   1, 0, 0,   0,   6,  0, 0, 0, 0, 0, 0, 0};
  const uint8_t big[] = {'E',  'x',  'i', 'f', 0, 0, 'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1,
                         0x01, 0x12, 0,   3,   0, 0, 0,   1,   0, 6,  0, 0, 0, 0, 0, 0};
  EXPECT_EQ(exif_orientation(little), 6);
  EXPECT_EQ(exif_orientation(big), 6);
  for (size_t length = 0; length < 26; ++length) {
    EXPECT_EQ(exif_orientation(std::span(little).first(length)), 1) << length;
  }
}

}  // namespace
}  // namespace pawl::platform
