#include "platform/imaging/image_format.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <fstream>
#include <string>
#include <string_view>

namespace pawl::platform {
namespace {

using namespace std::string_view_literals;

constexpr std::array kReadable = {".png"sv, ".jpg"sv,  ".jpeg"sv, ".jpe"sv,  ".jfif"sv, ".bmp"sv,
                                  ".dib"sv, ".webp"sv, ".tif"sv,  ".tiff"sv, ".gif"sv};

struct Mark {
  ImageFormat format;
  size_t at;
  std::string_view bytes;
};

// Of files that are one box after another (ISO 14496-12), the brand at byte 8 tells what is inside.
constexpr std::array kMarks = {
    Mark{ImageFormat::kJpeg, 0, "\xFF\xD8\xFF"sv},
    Mark{ImageFormat::kPng, 0, "\x89PNG\r\n\x1a\n"sv},
    Mark{ImageFormat::kWebp, 8, "WEBP"sv},
    Mark{ImageFormat::kTiff, 0, "II*\0"sv},
    Mark{ImageFormat::kTiff, 0, "MM\0*"sv},
    Mark{ImageFormat::kTiff, 0, "II+\0"sv},  // BigTIFF
    Mark{ImageFormat::kTiff, 0, "MM\0+"sv},
    Mark{ImageFormat::kGif, 0, "GIF87a"sv},
    Mark{ImageFormat::kGif, 0, "GIF89a"sv},
    Mark{ImageFormat::kAvif, 4, "ftypavif"sv},
    Mark{ImageFormat::kAvif, 4, "ftypavis"sv},
    Mark{ImageFormat::kHeif, 4, "ftyphei"sv},
    Mark{ImageFormat::kHeif, 4, "ftyphev"sv},
    Mark{ImageFormat::kHeif, 4, "ftypmif1"sv},
    Mark{ImageFormat::kHeif, 4, "ftypmsf1"sv},
    Mark{ImageFormat::kJpegXl, 4, "JXL \r\n\x87\n"sv},
    Mark{ImageFormat::kJpegXl, 0, "\xFF\x0A"sv},
    Mark{ImageFormat::kJpeg2000, 4, "jP  \r\n\x87\n"sv},
    Mark{ImageFormat::kJpeg2000, 0, "\xFF\x4F\xFF\x51"sv},
};

bool holds(std::span<const std::byte> bytes, size_t at, std::string_view mark) {
  return bytes.size() >= at + mark.size() &&
         std::memcmp(bytes.data() + at, mark.data(), mark.size()) == 0;
}

// Two letters begin many a text too: the size of the second header, a small number, follows.
bool is_bmp(std::span<const std::byte> bytes) {
  return holds(bytes, 0, "BM") && bytes.size() >= 18 && bytes[14] >= std::byte{12} &&
         bytes[14] <= std::byte{124} && holds(bytes, 15, "\0\0\0"sv);
}

}  // namespace

ImageFormat image_format(std::span<const std::byte> beginning) {
  if (is_bmp(beginning)) return ImageFormat::kBmp;
  for (const Mark& mark : kMarks) {
    if (mark.format == ImageFormat::kWebp && !holds(beginning, 0, "RIFF")) continue;
    if (holds(beginning, mark.at, mark.bytes)) return mark.format;
  }
  return ImageFormat::kNone;
}

const char* image_format_name(ImageFormat format) {
  switch (format) {
    case ImageFormat::kNone:
      return "no image";
    case ImageFormat::kJpeg:
      return "JPEG";
    case ImageFormat::kPng:
      return "PNG";
    case ImageFormat::kBmp:
      return "BMP";
    case ImageFormat::kWebp:
      return "WebP";
    case ImageFormat::kTiff:
      return "TIFF";
    case ImageFormat::kGif:
      return "GIF";
    case ImageFormat::kHeif:
      return "HEIC";
    case ImageFormat::kAvif:
      return "AVIF";
    case ImageFormat::kJpegXl:
      return "JPEG XL";
    case ImageFormat::kJpeg2000:
      return "JPEG 2000";
  }
  return "unknown";
}

bool is_decoded(ImageFormat format) {
  return format >= ImageFormat::kJpeg && format <= ImageFormat::kGif;
}

ImageFormat image_format_of_file(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return ImageFormat::kNone;
  std::array<char, kImageFormatBytes> bytes;
  std::ifstream file(path, std::ios::binary);
  file.read(bytes.data(), bytes.size());
  return image_format(std::as_bytes(
      std::span(bytes).first(static_cast<size_t>(std::max<std::streamsize>(0, file.gcount())))));
}

bool has_image_extension(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::find(kReadable.begin(), kReadable.end(), extension) != kReadable.end();
}

}  // namespace pawl::platform
