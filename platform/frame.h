// A frame: pixels from a camera, borrowed.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pawl::platform {

// Largest width or height, in pixels, of a frame and of a network's image input.
inline constexpr int32_t kImageSideMax = 16384;

enum class PixelFormat : uint8_t {
  kBgr8,   // 3 bytes a pixel, interleaved
  kRgb8,   // 3 bytes a pixel, interleaved
  kGray8,  // 1 byte a pixel
  kNv12,   // Y plane, then interleaved UV at half resolution (BT.601, limited range); even sizes
};

// Valid as long as the pixels it borrows. `stride` is in bytes, at least one row and at most 2^30;
// it may be larger than a row (padding) or negative (bottom-up images, `data` then points at the
// top row).
struct Frame {
  PixelFormat format = PixelFormat::kBgr8;
  int32_t width = 0;
  int32_t height = 0;
  ptrdiff_t stride = 0;
  const uint8_t* data = nullptr;
  const uint8_t* uv = nullptr;  // kNv12: the UV plane, `uv_stride` bytes a row
  ptrdiff_t uv_stride = 0;
  uint64_t sequence = 0;   // counts frames of one camera
  int64_t capture_ns = 0;  // monotonic clock
};

}  // namespace pawl::platform
