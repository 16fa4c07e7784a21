// Proves that pictures of every format are turned upright as their Exif block says, against OpenCV
// where it does so, and that no block, however broken, does more than leave them as they are.
#include "platform/imaging/orientation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <opencv2/imgcodecs.hpp>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "platform/imaging/jpeg.h"
#include "platform/imaging/png.h"
#include "tests/platform/imaging/exif_files.h"
#include "tests/platform/imaging/test_files.h"

namespace pawl::platform {
namespace {

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

// The tag in both byte orders; a block cut off before its value says nothing.
TEST(Orientation, ReadsTheTag) {
  for (const bool little : {true, false}) {
    for (uint32_t stored = 0; stored <= 10; ++stored) {
      const int wanted = stored >= 1 && stored <= 8 ? static_cast<int>(stored) : 1;
      EXPECT_EQ(exif_orientation(exif_block(stored, little)), wanted) << stored;
    }
    const Bytes block = exif_block(6, little);
    for (size_t length = 0; length < 32; ++length) {
      EXPECT_FALSE(exif_orientation(std::span(block).first(length))) << length;
    }
    for (const auto& [at, value] : {std::pair{0, 'X'}, {1, 'X'}, {2, 7}, {3, 7}, {5, 1}, {22, 5}}) {
      Bytes broken = block;
      broken[static_cast<size_t>(at)] = static_cast<std::byte>(value);
      EXPECT_FALSE(exif_orientation(broken)) << at;
    }
  }
}

// Whatever the bytes: a value from 1 to 8 or nothing, and no byte outside is read, which the
// sanitizer sees.
TEST(Orientation, WildBlocks) {
  std::mt19937 random(11);
  for (int round = 0; round < 20000; ++round) {
    Bytes block = exif_block(static_cast<uint32_t>(random() % 12), random() % 2 == 0);
    for (unsigned i = 0; i < 1 + random() % 6; ++i) {
      block[random() % block.size()] = static_cast<std::byte>(random());
    }
    block.resize(random() % (block.size() + 1));
    block.shrink_to_fit();
    const int found = exif_orientation(block).value_or(1);
    ASSERT_TRUE(found >= 1 && found <= 8) << found;
  }
}

Image by_opencv(const std::filesystem::path& path) {
  const cv::Mat pixels = cv::imread(path.string(), cv::IMREAD_COLOR);
  Image image = Image::blank(pixels.cols, pixels.rows);
  for (int y = 0; y < pixels.rows; ++y) std::copy_n(pixels.ptr(y), 3 * pixels.cols, image.row(y));
  return image;
}

// Odd sides, so that no turn is like another.
const Image kPicture = smooth_image(37, 22);

TEST(Orientation, OfJpegFiles) {
  const TestFolder folder;
  for (const JpegKind kind : {JpegKind::kBaseline, JpegKind::kProgressive, JpegKind::kGrey}) {
    const Bytes plain = jpeg_of(kPicture, kind);
    const Image stored = decode_image(plain).value();
    for (uint32_t value = 1; value <= 8; ++value) {
      for (const bool little : {true, false}) {
        const Bytes exif = app1_exif(exif_block(value, little));
        const Bytes padding = jpeg_segment(0xE2, bytes_of("ICC_PROFILE") + Bytes(300));
        const Image wanted = upright(stored, static_cast<int>(value));
        for (const Bytes& file :
             {spliced(plain, kAfterSoi, exif), spliced(plain, kAfterJfif, exif)}) {
          const auto path = folder.write("a.jpg", file);
          const auto found = load_image(path);
          ASSERT_TRUE(found.ok()) << found.error().message;
          EXPECT_TRUE(same_pixels(found.value(), wanted)) << value;
          EXPECT_TRUE(same_pixels(found.value(), by_opencv(path))) << value;
        }
        // OpenCV looks behind other segments of the same marker in later versions only.
        const Bytes behind = spliced(plain, kAfterJfif, app1_xmp() + padding + exif);
        EXPECT_TRUE(same_pixels(decode_image(behind).value(), wanted)) << value;
      }
    }
  }
}

// The first block that says something counts; one that cannot be read says nothing.
TEST(Orientation, OfSeveralBlocks) {
  const Bytes plain = jpeg_of(kPicture, JpegKind::kBaseline);
  const Image stored = decode_image(plain).value();
  const auto shown = [&](const Bytes& segments) {
    return decode_image(spliced(plain, kAfterSoi, segments)).value();
  };
  const Bytes six = app1_exif(exif_block(6));
  EXPECT_TRUE(same_pixels(shown(app1_exif(exif_block(1)) + six), stored));
  EXPECT_TRUE(same_pixels(shown(app1_exif(exif_block(0)) + six), stored));
  const Image turned = upright(stored, 6);
  EXPECT_TRUE(same_pixels(shown(six + app1_xmp() + app1_exif(exif_block(3))), turned));
  for (const Bytes& nothing :
       {app1_exif(bytes_of("no such thing")), app1_exif({}), jpeg_segment(0xE1, {}), app1_xmp()}) {
    EXPECT_TRUE(same_pixels(shown(nothing + six), turned));
    EXPECT_TRUE(same_pixels(shown(nothing), stored));
  }
}

TEST(Orientation, OfPngFiles) {
  const TestFolder folder;
  const Bytes plain = encode_png(kPicture).value();
  for (uint32_t value = 1; value <= 8; ++value) {
    const Bytes exif = png_chunk("eXIf", exif_block(value, value % 2 == 0));
    const Image wanted = upright(kPicture, static_cast<int>(value));
    for (const size_t at : {kAfterIhdr, plain.size() - 12}) {
      const auto found = load_image(folder.write("a.png", spliced(plain, at, exif)));
      ASSERT_TRUE(found.ok()) << found.error().message;
      EXPECT_TRUE(same_pixels(found.value(), wanted)) << value << " at " << at;
    }
  }
  Bytes broken = png_chunk("eXIf", exif_block(6));
  broken.back() ^= std::byte{1};  // the checksum
  EXPECT_TRUE(same_pixels(decode_image(spliced(plain, kAfterIhdr, broken)).value(), kPicture));
}

TEST(Orientation, OfWebpFiles) {
  const TestFolder folder;
  std::vector<uint8_t> encoded;
  const cv::Mat pixels(kPicture.height, kPicture.width, CV_8UC3,
                       const_cast<uint8_t*>(kPicture.pixels.data()));
  for (const int quality : {70, 101}) {  // 101: lossless
    ASSERT_TRUE(cv::imencode(".webp", pixels, encoded, {cv::IMWRITE_WEBP_QUALITY, quality}));
    const auto all = std::as_bytes(std::span(encoded));
    const Bytes plain(all.begin(), all.end());
    const Image stored = load_image(folder.write("a.webp", plain)).value();
    for (uint32_t value = 1; value <= 8; ++value) {
      const Bytes exif = riff_chunk("EXIF", exif_block(value, value % 2 == 0));
      for (const uint8_t flags : {uint8_t{0}, uint8_t{8}}) {
        const Bytes file =
            webp_file(webp_extended(flags, 37, 22) + without_riff_header(plain) + exif);
        const auto found = load_image(folder.write("a.webp", file));
        ASSERT_TRUE(found.ok()) << found.error().message;
        const int wanted = flags == 0 ? 1 : static_cast<int>(value);
        EXPECT_TRUE(same_pixels(found.value(), upright(stored, wanted))) << value;
      }
    }
  }
}

}  // namespace
}  // namespace pawl::platform
