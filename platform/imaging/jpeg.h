// JPEG bytes to pixels and back, over libjpeg-turbo.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "platform/imaging/images.h"

namespace pawl::platform {

// Baseline and progressive; grey, YCbCr, RGB, CMYK and YCCK; upright. A file that ends early is
// kCorrupt, not a picture with a grey lower half; one that lacks only its end marker is whole.
Result<Image> decode_jpeg(std::span<const std::byte> bytes, const ImageLimits& limits);

// `quality` 1..100; chroma at full resolution from 90 up, halved below.
Result<std::vector<std::byte>> encode_jpeg(const Image& image, int quality);

}  // namespace pawl::platform
