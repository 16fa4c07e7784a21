#include "platform/imaging/orientation.h"

#include <cstring>
#include <utility>

namespace pawl::platform {
namespace {

constexpr uint8_t kExifMark[6] = {'E', 'x', 'i', 'f', 0, 0};
constexpr uint32_t kOrientationTag = 0x0112;
constexpr size_t kEntryBytes = 12;

// Little- or big-endian fields of a TIFF block; a read past the end gives zero.
struct TiffReader {
  std::span<const uint8_t> bytes;
  bool little;

  uint32_t number(size_t at, size_t width) const {
    if (at > bytes.size() || bytes.size() - at < width) return 0;
    uint32_t value = 0;
    for (size_t i = 0; i < width; ++i) {
      value = (value << 8) | bytes[at + (little ? width - 1 - i : i)];
    }
    return value;
  }
};

}  // namespace

int exif_orientation(std::span<const uint8_t> app1) {
  if (app1.size() < sizeof(kExifMark) + 8) return 1;
  if (std::memcmp(app1.data(), kExifMark, sizeof(kExifMark)) != 0) return 1;
  const std::span<const uint8_t> tiff = app1.subspan(sizeof(kExifMark));
  if (tiff[0] != tiff[1] || (tiff[0] != 'I' && tiff[0] != 'M')) return 1;
  const TiffReader reader{tiff, tiff[0] == 'I'};
  const size_t directory = reader.number(4, 4);
  const size_t entries = reader.number(directory, 2);
  for (size_t i = 0; i < entries; ++i) {
    const size_t entry = directory + 2 + i * kEntryBytes;
    if (entry >= tiff.size()) break;
    if (reader.number(entry, 2) != kOrientationTag) continue;
    const uint32_t value = reader.number(entry + 8, 2);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
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
