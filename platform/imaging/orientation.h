// EXIF orientation: how a camera was held, and turning the picture upright.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "platform/imaging/images.h"

namespace pawl::platform {

// Of an Exif block from its TIFF header on: 1..8, 1 also where the tag holds anything else; nothing
// where the block has no such tag or cannot be read. Source: Exif 2.32, tag 0x0112 of IFD 0.
std::optional<int> exif_orientation(std::span<const std::byte> tiff);

// The upright picture of one stored with `orientation`.
Image upright(Image image, int orientation);

}  // namespace pawl::platform
