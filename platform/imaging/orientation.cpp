#include "platform/imaging/orientation.h"

#include <cstring>
#include <utility>

namespace pawl::platform {
namespace {

constexpr size_t kHeaderBytes = 8;
constexpr uint32_t kTiffMark = 42;
constexpr uint32_t kOrientationTag = 0x0112;
constexpr size_t kEntryBytes = 12;
constexpr size_t kShortEnd = 10;  // of an entry: tag, type, count, a short

// Little- or big-endian fields of a TIFF block; a read past the end gives zero.
struct TiffReader {
  std::span<const std::byte> bytes;
  bool little;

  uint32_t number(size_t at, size_t width) const {
    if (at > bytes.size() || bytes.size() - at < width) return 0;
    uint32_t value = 0;
    for (size_t i = 0; i < width; ++i) {
      value = (value << 8) | std::to_integer<uint32_t>(bytes[at + (little ? width - 1 - i : i)]);
    }
    return value;
  }
};

}  // namespace

std::optional<int> exif_orientation(std::span<const std::byte> tiff) {
  if (tiff.size() < kHeaderBytes || tiff[0] != tiff[1]) return std::nullopt;
  if (tiff[0] != std::byte{'I'} && tiff[0] != std::byte{'M'}) return std::nullopt;
  const TiffReader reader{tiff, tiff[0] == std::byte{'I'}};
  if (reader.number(2, 2) != kTiffMark) return std::nullopt;
  const size_t directory = reader.number(4, 4);
  const size_t entries = reader.number(directory, 2);
  for (size_t i = 0; i < entries; ++i) {
    const size_t entry = directory + 2 + i * kEntryBytes;
    if (entry + kShortEnd > tiff.size()) break;
    if (reader.number(entry, 2) != kOrientationTag) continue;
    const uint32_t value = reader.number(entry + 8, 2);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return std::nullopt;
}

Image upright(Image image, int orientation) {
  if (orientation <= 1 || orientation > 8) return image;
  const bool transposed = orientation >= 5;
  Image turned = transposed ? Image::blank(image.height, image.width)
                            : Image::blank(image.width, image.height);
  // Of the stored picture: which way its rows and columns run in the upright one.
  const bool flip_x = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool flip_y = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  for (int32_t y = 0; y < image.height; ++y) {
    const uint8_t* from = image.row(y);
    const int32_t v = flip_y ? image.height - 1 - y : y;
    for (int32_t x = 0; x < image.width; ++x, from += 3) {
      const int32_t u = flip_x ? image.width - 1 - x : x;
      uint8_t* to = transposed ? turned.row(u) + 3 * v : turned.row(v) + 3 * u;
      std::memcpy(to, from, 3);
    }
  }
  return turned;
}

}  // namespace pawl::platform
