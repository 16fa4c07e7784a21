// EXIF orientation: how a camera was held, and turning the picture upright.
#pragma once

#include <cstdint>
#include <span>

#include "platform/imaging/images.h"

namespace pawl::platform {

// Of an APP1 segment's payload ("Exif\0\0" and a TIFF header): 1..8, and 1 for anything that cannot
// be read. Source: Exif 2.32, tag 0x0112 of IFD 0.
int exif_orientation(std::span<const uint8_t> app1);

// The upright picture of one stored with `orientation`.
Image upright(Image image, int orientation);

}  // namespace pawl::platform
