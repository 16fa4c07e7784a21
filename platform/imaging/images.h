// Pictures in files: loaded under limits, saved atomically.
//
// JPEG and PNG go through libjpeg-turbo and libpng, BMP, WebP, TIFF and GIF through the media
// plugin (see docs/decisions/imaging-startup.md for why). All give what cv::imread gives: eight
// bits a channel, alpha dropped, grey spread to three channels, turned upright as its Exif
// orientation says, and the first of several pictures. The bytes tell the format, whatever the
// name. Threads: any; nothing is shared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "platform/frame.h"
#include "platform/result.h"

namespace pawl::platform {

// An owned picture: BGR8, rows `stride` bytes apart, top row first.
struct Image {
  int32_t width = 0;
  int32_t height = 0;
  ptrdiff_t stride = 0;
  std::vector<uint8_t> pixels;

  static Image blank(int32_t width, int32_t height);  // black
  uint8_t* row(int32_t y) { return pixels.data() + y * stride; }
  const uint8_t* row(int32_t y) const { return pixels.data() + y * stride; }
  Frame frame() const;  // borrows the pixels
};

// Checked before anything of that size is allocated.
struct ImageLimits {
  size_t file_bytes_max = size_t{128} << 20;
  int32_t side_max = 32768;
  int64_t pixels_max = int64_t{100} * 1000 * 1000;
};

// Errors: kNotFound, kIo, kCorrupt (empty, truncated or damaged), kUnsupported (no image format we
// read), kExhausted (over a limit). load_image's messages start with the path.
Result<Image> load_image(const std::filesystem::path& path, const ImageLimits& limits = {});
Result<Image> decode_image(std::span<const std::byte> bytes, const ImageLimits& limits = {});

// kExhausted where a picture of this size is over the limits.
Status check_limits(int64_t width, int64_t height, const ImageLimits& limits);

// The file's bytes: the format follows the extension of `path`, .png, else .jpg or .jpeg at quality
// 92. Equal pictures give equal bytes. Errors name the path.
Result<std::vector<std::byte>> encode_image(const std::filesystem::path& path, const Image& image);
// An OutputFile (platform/output_file.h) of these bytes.
Status save_image(const std::filesystem::path& path, const Image& image);

}  // namespace pawl::platform
