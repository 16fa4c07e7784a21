// Proves that every kind of picture file is read as OpenCV reads it: JPEGs that lack only their
// end, but none that lacks pixels, inks, animations, TIFF, GIF; and that a folder gives the
// pictures in it by name or content and says what it does not.
#include <gtest/gtest.h>

#include <algorithm>
#include <opencv2/imgcodecs.hpp>
#include <string>
#include <vector>

#include "platform/imaging/image_format.h"
#include "platform/imaging/jpeg.h"
#include "platform/imaging/png.h"
#include "tests/platform/imaging/exif_files.h"
#include "tests/platform/imaging/test_files.h"

namespace pawl::platform {
namespace {

cv::Mat matrix_of(const Image& image) {
  return cv::Mat(image.height, image.width, CV_8UC3, const_cast<uint8_t*>(image.pixels.data()))
      .clone();
}

Image image_of(const cv::Mat& pixels) {
  Image image = Image::blank(pixels.cols, pixels.rows);
  for (int y = 0; y < pixels.rows; ++y) std::copy_n(pixels.ptr(y), 3 * pixels.cols, image.row(y));
  return image;
}

Bytes encoded(const std::string& extension, const cv::Mat& pixels,
              const std::vector<int>& options = {}) {
  std::vector<uint8_t> out;
  EXPECT_TRUE(cv::imencode(extension, pixels, out, options)) << extension;
  const auto bytes = std::as_bytes(std::span(out));
  return {bytes.begin(), bytes.end()};
}

// Of every beginning of a file, what is taken has all its pixels, and what lacks only the end
// marker is taken. Arithmetic coding does not tell without its end.
TEST(Jpeg, LacksItsEndOrItsPixels) {
  Image picture = random_image(45, 33, 3);
  for (int32_t y = 0; y < 16; ++y) std::fill_n(picture.row(y), 3 * 45, uint8_t{100});  // few bits
  for (const JpegKind kind :
       {JpegKind::kBaseline, JpegKind::kProgressive, JpegKind::kScanAComponent, JpegKind::kRestarts,
        JpegKind::kGrey, JpegKind::kInks, JpegKind::kArithmetic}) {
    const Bytes whole = jpeg_of(picture, kind);
    const Image wanted = decode_image(whole).value();
    size_t taken = 0;
    for (size_t length = 0; length < whole.size(); ++length) {
      const auto found = decode_image(std::span(whole).first(length));
      if (!found.ok()) continue;
      ++taken;
      ASSERT_TRUE(same_pixels(found.value(), wanted))
          << whole.size() - length << " bytes short, kind " << static_cast<int>(kind);
    }
    EXPECT_EQ(taken, kind == JpegKind::kArithmetic ? 0U : 2U) << static_cast<int>(kind);
  }
}

// With Adobe's marker, as the encoder writes it, and without.
TEST(Jpeg, InksAsOpenCV) {
  const TestFolder folder;
  const Bytes marked = jpeg_of(random_image(31, 20, 6), JpegKind::kInks);
  const Bytes name = bytes_of("Adobe");
  const auto at = std::search(marked.begin(), marked.end(), name.begin(), name.end());
  ASSERT_NE(at, marked.end());
  Bytes bare(marked.begin(), at - 4);
  bare.insert(bare.end(), at + 12, marked.end());
  for (const Bytes& file : {marked, bare}) {
    const auto path = folder.write("a.jpg", file);
    EXPECT_TRUE(same_pixels(load_image(path).value(), image_of(cv::imread(path.string()))));
  }
}

Bytes frame_chunk(const Bytes& still, uint32_t x, uint32_t y, uint32_t width, uint32_t height) {
  Bytes chunks = without_riff_header(still);
  const Bytes extended = bytes_of("VP8X");
  if (std::equal(extended.begin(), extended.end(), chunks.begin())) {
    chunks.erase(chunks.begin(), chunks.begin() + 18);
  }
  return riff_chunk("ANMF", number(x / 2, 3, true) + number(y / 2, 3, true) +
                                number(width - 1, 3, true) + number(height - 1, 3, true) +
                                number(40, 3, true) + number(0, 1, true) + chunks);
}

TEST(Webp, FirstFrameOfAnAnimation) {
  constexpr uint8_t kAnimated = 2;
  constexpr uint8_t kExif = 8;
  const cv::Mat first = matrix_of(smooth_image(30, 20));
  const cv::Mat second = matrix_of(random_image(30, 20, 8));
  const Bytes background = riff_chunk("ANIM", number(0x80FF4020, 4, true) + number(0, 2, true));
  cv::Mat with_alpha(20, 30, CV_8UC4, cv::Scalar(10, 200, 90, 128));
  for (const int quality : {60, 101}) {
    for (const cv::Mat& pixels : {first, with_alpha}) {
      const Bytes still = encoded(".webp", pixels, {cv::IMWRITE_WEBP_QUALITY, quality});
      const Image shown = decode_image(still).value();
      const Bytes other =
          frame_chunk(encoded(".webp", second, {cv::IMWRITE_WEBP_QUALITY, quality}), 0, 0, 30, 20);
      const Bytes filling = webp_file(webp_extended(kAnimated, 30, 20) + background +
                                      frame_chunk(still, 0, 0, 30, 20) + other);
      auto found = decode_image(filling);
      ASSERT_TRUE(found.ok()) << found.error().message;
      EXPECT_TRUE(same_pixels(found.value(), shown)) << quality;
      for (size_t length = 0; length < filling.size(); length += 7) {
        EXPECT_FALSE(decode_image(std::span(filling).first(length)).ok()) << length;
      }
      // On a larger canvas, and on its side.
      found = decode_image(webp_file(webp_extended(kAnimated | kExif, 50, 41) + background +
                                     frame_chunk(still, 6, 8, 30, 20) + other +
                                     riff_chunk("EXIF", exif_block(3))));
      ASSERT_TRUE(found.ok()) << found.error().message;
      const Image& canvas = found.value();
      ASSERT_EQ(canvas.width, 50);
      ASSERT_EQ(canvas.height, 41);
      for (int32_t y = 0; y < 41; ++y) {
        for (int32_t x = 0; x < 50; ++x) {
          const bool inside = x >= 6 && x < 36 && y >= 8 && y < 28;
          const uint8_t* pixel = canvas.row(40 - y) + 3 * (49 - x);
          for (int c = 0; c < 3; ++c) {
            ASSERT_EQ(pixel[c], inside ? shown.row(y - 8)[3 * (x - 6) + c] : 0) << x << " " << y;
          }
        }
      }
    }
  }
  const Bytes still = encoded(".webp", first);
  for (const Bytes& broken :
       {webp_file(webp_extended(kAnimated, 30, 20) + background),
        webp_file(webp_extended(kAnimated, 30, 20) + frame_chunk(still, 2, 0, 30, 20)),
        webp_file(webp_extended(kAnimated, 30, 20) + frame_chunk(still, 0, 0, 28, 20)),
        webp_file(webp_extended(kAnimated, 30, 20) + riff_chunk("ANMF", Bytes(9)))}) {
    const auto found = decode_image(broken);
    ASSERT_FALSE(found.ok());
    EXPECT_NE(found.error().message.find("animated WebP"), std::string::npos);
  }
  EXPECT_EQ(decode_image(webp_file(webp_extended(kAnimated, 1 << 24, 1 << 24))).error().code,
            Code::kExhausted);
}

TEST(Tiff, AsOpenCV) {
  const TestFolder folder;
  const Image picture = random_image(40, 25, 4);
  const cv::Mat pixels = matrix_of(picture);
  cv::Mat deep;
  pixels.convertTo(deep, CV_16U, 257);
  cv::Mat grey;
  cv::extractChannel(pixels, grey, 1);
  const std::vector<cv::Mat> pages = {pixels, deep, grey, cv::Mat(deep + cv::Scalar(1, 50, 99))};
  for (const cv::Mat& page : pages) {
    const auto path = folder.write("a.TIF", encoded(".tiff", page));
    const auto found = load_image(path);
    ASSERT_TRUE(found.ok()) << found.error().message;
    EXPECT_TRUE(same_pixels(found.value(), image_of(cv::imread(path.string()))));
  }
  EXPECT_TRUE(same_pixels(decode_image(encoded(".tiff", deep)).value(), picture));
  ASSERT_TRUE(cv::imwritemulti(folder.path("pages.tiff").string(), pages));
  EXPECT_TRUE(same_pixels(load_image(folder.path("pages.tiff")).value(), picture));
  cv::Mat floats;
  pixels.convertTo(floats, CV_32F);
  const auto refused = decode_image(encoded(".tiff", floats));
  if (!refused.ok()) {  // later OpenCV reads them
    EXPECT_NE(refused.error().message.find("TIFF"), std::string::npos) << refused.error().message;
  }
  const Bytes whole = encoded(".tiff", pixels);
  EXPECT_FALSE(decode_image(std::span(whole).first(whole.size() / 2)).ok());
}

// 128 colours; codes of eight bits that mean one pixel each, as the table is cleared before it
// grows.
Bytes gif(const std::vector<std::vector<uint8_t>>& frames, uint32_t width, uint32_t height) {
  Bytes file = bytes_of("GIF89a") + number(width, 2, true) + number(height, 2, true) +
               number(0xF6, 1, true) + number(0, 2, true);
  for (unsigned i = 0; i < 128; ++i)
    file = file + number(2 * i | (i << 8) | (255 - i) << 16, 3, true);
  for (const auto& frame : frames) {
    file = file + number(0x2C, 1, true) + number(0, 4, true) + number(width, 2, true) +
           number(height, 2, true) + number(0, 1, true) + number(7, 1, true);
    for (size_t at = 0; at < frame.size(); at += 100) {
      const size_t count = std::min<size_t>(100, frame.size() - at);
      const bool last = at + count == frame.size();
      file = file + number(static_cast<uint32_t>(1 + count + (last ? 1 : 0)), 1, true) +
             number(128, 1, true);
      for (size_t i = 0; i < count; ++i) file.push_back(static_cast<std::byte>(frame[at + i]));
      if (last) file = file + number(129, 1, true);
    }
    file = file + number(0, 1, true);
  }
  return file + bytes_of(";");
}

TEST(Gif, FirstPicture) {
  const TestFolder folder;
  std::vector<uint8_t> indices(30 * 20);
  for (size_t i = 0; i < indices.size(); ++i) indices[i] = static_cast<uint8_t>(i * 7 % 128);
  std::vector<uint8_t> others(indices.rbegin(), indices.rend());
  for (const Bytes& file : {gif({indices}, 30, 20), gif({indices, others, indices}, 30, 20)}) {
    const auto found = load_image(folder.write("a.gif", file));
    ASSERT_TRUE(found.ok()) << found.error().message;
    ASSERT_EQ(found.value().width, 30);
    ASSERT_EQ(found.value().height, 20);
    for (size_t i = 0; i < indices.size(); ++i) {
      const uint8_t* pixel = found.value().pixels.data() + 3 * i;
      ASSERT_EQ(pixel[2], 2 * indices[i]) << i;
      ASSERT_EQ(pixel[1], indices[i]) << i;
      ASSERT_EQ(pixel[0], 255 - indices[i]) << i;
    }
    EXPECT_FALSE(decode_image(std::span(file).first(200)).ok());
  }
}

TEST(ImageFormat, ByContent) {
  const cv::Mat pixels = matrix_of(smooth_image(20, 10));
  for (const auto& [extension, format] : {std::pair{".jpg", ImageFormat::kJpeg},
                                          {".png", ImageFormat::kPng},
                                          {".bmp", ImageFormat::kBmp},
                                          {".webp", ImageFormat::kWebp},
                                          {".tiff", ImageFormat::kTiff}}) {
    const Bytes file = encoded(extension, pixels);
    EXPECT_EQ(image_format(file), format) << extension;
    for (size_t length = 0; length < 2; ++length) {
      EXPECT_EQ(image_format(std::span(file).first(length)), ImageFormat::kNone);
    }
  }
  for (const char* text :
       {"BMW 320, 1987 to 1990", "RIFF....WAVE", "II*", "GIF80a", "", "ftypavif"}) {
    EXPECT_EQ(image_format(bytes_of(text)), ImageFormat::kNone) << text;
  }
  const auto refused =
      decode_image(bytes_of(std::string_view("\0\0\0\x18"
                                             "ftypheic....",
                                             16)));
  EXPECT_EQ(refused.error().code, Code::kUnsupported);
  EXPECT_NE(refused.error().message.find("HEIC"), std::string::npos);
}

}  // namespace
}  // namespace pawl::platform
