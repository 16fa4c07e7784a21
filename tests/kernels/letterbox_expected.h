// What a letterbox should give: by OpenCV (letterbox_by_opencv.cpp), or where a build has none, by
// the scalar variant (letterbox_by_scalar.cpp), which the builds that have OpenCV hold against it.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "kernels/letterbox.h"

namespace pawl::kernels {

// y, dense; reads no y and no scratch of the parameters.
std::vector<float> expected_letterbox(const LetterboxParams& params);

// Scratch of a letterbox, of arbitrary content.
struct LetterboxScratch {
  explicit LetterboxScratch(size_t bytes)
      : data(static_cast<uint8_t*>(std::aligned_alloc(64, (bytes + 63) / 64 * 64)), &std::free) {
    std::memset(data.get(), 0xAB, bytes);
  }
  std::unique_ptr<uint8_t, decltype(&std::free)> data;
};

}  // namespace pawl::kernels
