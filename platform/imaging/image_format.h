// What kind of picture a file holds, by its first bytes. Names of files lie, and some have no
// extension.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

namespace pawl::platform {

enum class ImageFormat : uint8_t {
  kNone,  // no picture that we know
  kJpeg,
  kPng,
  kBmp,
  kWebp,
  kTiff,
  kGif,
  // Known by name only: never decoded.
  kHeif,
  kAvif,
  kJpegXl,
  kJpeg2000,
};

// As many bytes of a file as image_format() looks at.
inline constexpr size_t kImageFormatBytes = 18;

ImageFormat image_format(std::span<const std::byte> beginning);
const char* image_format_name(ImageFormat format);
bool is_decoded(ImageFormat format);

// Of a regular file; kNone also where it cannot be read.
ImageFormat image_format_of_file(const std::filesystem::path& path);

// Whether the name says that load_image reads it: png, jpg, jpeg, jpe, jfif, bmp, dib, webp, tif,
// tiff, gif in any case.
bool has_image_extension(const std::filesystem::path& path);

}  // namespace pawl::platform
