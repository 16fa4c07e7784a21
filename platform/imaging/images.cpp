#include "platform/imaging/images.h"

#include <algorithm>
#include <cctype>
#include <string>

#include "platform/files.h"
#include "platform/imaging/image_format.h"
#include "platform/imaging/jpeg.h"
#include "platform/imaging/media_plugin.h"
#include "platform/imaging/png.h"
#include "platform/imaging/webp.h"

namespace pawl::platform {
namespace {

constexpr int kJpegQuality = 92;

std::string extension_of(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension;
}

}  // namespace

Image Image::blank(int32_t width, int32_t height) {
  Image image;
  image.width = width;
  image.height = height;
  image.stride = static_cast<ptrdiff_t>(width) * 3;
  image.pixels.resize(static_cast<size_t>(image.stride) * static_cast<size_t>(height));
  return image;
}

Frame Image::frame() const {
  return {.format = PixelFormat::kBgr8,
          .width = width,
          .height = height,
          .stride = stride,
          .data = pixels.data()};
}

Status check_limits(int64_t width, int64_t height, const ImageLimits& limits) {
  if (width <= limits.side_max && height <= limits.side_max &&
      width * height <= limits.pixels_max) {
    return {};
  }
  return Error{Code::kExhausted, std::to_string(width) + "x" + std::to_string(height) +
                                     " pixels are more than an image may have"};
}

Result<Image> decode_image(std::span<const std::byte> bytes, const ImageLimits& limits) {
  if (bytes.empty()) return Error{Code::kCorrupt, "empty file, not an image"};
  const ImageFormat format = image_format(bytes);
  switch (format) {
    case ImageFormat::kJpeg:
      return decode_jpeg(bytes, limits);
    case ImageFormat::kPng:
      return decode_png(bytes, limits);
    case ImageFormat::kWebp:
      return decode_webp(bytes, limits);
    case ImageFormat::kBmp:
    case ImageFormat::kTiff:
    case ImageFormat::kGif: {
      MediaPlugin* plugin = PAWL_TRY(media_plugin());
      return plugin->decode_image(bytes, limits);
    }
    case ImageFormat::kNone:
      return Error{Code::kUnsupported, "not an image (JPEG, PNG, BMP, WebP, TIFF or GIF)"};
    default:
      return Error{Code::kUnsupported, std::string(image_format_name(format)) +
                                           " is not read; convert it to JPEG or PNG"};
  }
}

Result<Image> load_image(const std::filesystem::path& path, const ImageLimits& limits) {
  const auto bytes = PAWL_TRY(read_file(path, limits.file_bytes_max));
  return decode_image(bytes, limits).context(path.string());
}

Result<std::vector<std::byte>> encode_image(const std::filesystem::path& path, const Image& image) {
  const std::string extension = extension_of(path);
  if (extension == ".png") return encode_png(image).context(path.string());
  if (extension == ".jpg" || extension == ".jpeg") {
    return encode_jpeg(image, kJpegQuality).context(path.string());
  }
  return Error{Code::kInvalidArgument, path.string() + ": images are written as .png or .jpg"};
}

Status save_image(const std::filesystem::path& path, const Image& image) {
  const auto bytes = PAWL_TRY(encode_image(path, image));
  return replace_file(path, bytes);
}

}  // namespace pawl::platform
