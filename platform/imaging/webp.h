// WebP bytes to pixels: the container is ours, its pictures are decoded by the media plugin.
#pragma once

#include <cstddef>
#include <span>

#include "platform/imaging/images.h"

namespace pawl::platform {

// Upright. Of an animation its first frame, on a black canvas where it does not fill it.
// Source: RFC 9649, WebP Image Format, section 2.
Result<Image> decode_webp(std::span<const std::byte> bytes, const ImageLimits& limits);

}  // namespace pawl::platform
