// Proves that pictures survive the way to a file and back, that every truncated or foreign file is
// an error, and that limits hold before pixels are allocated.
#include "platform/imaging/images.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>

#include "platform/imaging/jpeg.h"
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

}  // namespace
}  // namespace pawl::platform
