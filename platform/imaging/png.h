// PNG bytes to pixels and back, over libpng.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "platform/imaging/images.h"

namespace pawl::platform {

// Upright; of an animation the picture that stands for it.
Result<Image> decode_png(std::span<const std::byte> bytes, const ImageLimits& limits);
Result<std::vector<std::byte>> encode_png(const Image& image);

}  // namespace pawl::platform
