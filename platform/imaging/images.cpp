#include "platform/imaging/images.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "platform/files.h"
#include "platform/imaging/jpeg.h"
#include "platform/imaging/media_plugin.h"
#include "platform/imaging/png.h"

namespace pawl::platform {
namespace {

constexpr int kJpegQuality = 92;
constexpr std::array<std::string_view, 5> kReadable = {".png", ".jpg", ".jpeg", ".bmp", ".webp"};

std::string extension_of(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension;
}

bool starts_with(std::span<const std::byte> bytes, std::string_view mark, size_t at = 0) {
  return bytes.size() >= at + mark.size() &&
         std::memcmp(bytes.data() + at, mark.data(), mark.size()) == 0;
}

// OpenCV reads its pixel limit from the environment once, when its library is loaded.
Result<Image> decode_by_plugin(std::span<const std::byte> bytes, const ImageLimits& limits) {
  setenv("OPENCV_IO_MAX_IMAGE_PIXELS", std::to_string(limits.pixels_max).c_str(), 0);
  MediaPlugin* plugin = PAWL_TRY(media_plugin());
  return plugin->decode_image(bytes, limits);
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

Result<Image> decode_image(std::span<const std::byte> bytes, const ImageLimits& limits) {
  if (bytes.empty()) return Error{Code::kCorrupt, "empty file, not an image"};
  if (starts_with(bytes, "\xFF\xD8\xFF")) return decode_jpeg(bytes, limits);
  if (starts_with(bytes, "\x89PNG\r\n\x1a\n")) return decode_png(bytes, limits);
  const bool webp = starts_with(bytes, "RIFF") && starts_with(bytes, "WEBP", 8);
  if (webp || starts_with(bytes, "BM")) return decode_by_plugin(bytes, limits);
  return Error{Code::kUnsupported, "not an image (JPEG, PNG, BMP or WebP)"};
}

Result<Image> load_image(const std::filesystem::path& path, const ImageLimits& limits) {
  const auto bytes = PAWL_TRY(read_file(path, limits.file_bytes_max));
  return decode_image(bytes, limits).context(path.string());
}

bool has_image_extension(const std::filesystem::path& path) {
  const std::string extension = extension_of(path);
  return std::find(kReadable.begin(), kReadable.end(), extension) != kReadable.end();
}

Status save_image(const std::filesystem::path& path, const Image& image) {
  const std::string extension = extension_of(path);
  if (extension == ".png") {
    const auto bytes = PAWL_TRY(encode_png(image).context(path.string()));
    return replace_file(path, bytes);
  }
  if (extension == ".jpg" || extension == ".jpeg") {
    const auto bytes = PAWL_TRY(encode_jpeg(image, kJpegQuality).context(path.string()));
    return replace_file(path, bytes);
  }
  return Error{Code::kInvalidArgument, path.string() + ": images are written as .png or .jpg"};
}

}  // namespace pawl::platform
