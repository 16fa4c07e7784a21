#include "engine/quantize/frame_variety.h"

#include <cstring>
#include <span>

#include "engine/artifact/xxh64.h"

namespace pawl::engine {
namespace {

// The first plane is enough to tell frames apart: grey and luma carry the picture.
size_t bytes_of_pixel(platform::PixelFormat format) {
  switch (format) {
    case platform::PixelFormat::kBgr8:
    case platform::PixelFormat::kRgb8:
      return 3;
    case platform::PixelFormat::kGray8:
    case platform::PixelFormat::kNv12:
      return 1;
  }
  return 1;
}

}  // namespace

void FrameVariety::add(const platform::Frame& frame) {
  ++frames_;
  const size_t pixel = bytes_of_pixel(frame.format);
  const size_t row_bytes = static_cast<size_t>(frame.width) * pixel;
  std::vector<uint64_t> rows;  // a hash each, then one of all
  bool uniform = true;
  for (int32_t y = 0; y < frame.height; ++y) {
    const uint8_t* const row = frame.data + y * frame.stride;
    rows.push_back(xxh64(std::as_bytes(std::span<const uint8_t>(row, row_bytes))));
    // A row that equals itself a pixel on is one colour.
    uniform = uniform && std::memcmp(row, frame.data, pixel) == 0 &&
              std::memcmp(row, row + pixel, row_bytes - pixel) == 0;
  }
  if (uniform) ++uniform_;
  different_.insert(xxh64(std::as_bytes(std::span<const uint64_t>(rows))));
}

platform::Status FrameVariety::check() const {
  if (uniform_ < frames_) return {};
  return platform::Error{platform::Code::kInvalidArgument,
                         "every calibration image is of one colour throughout; calibrate on what "
                         "the camera will see"};
}

std::vector<std::string> FrameVariety::warnings() const {
  std::vector<std::string> lines;
  const std::string of_all = " of the " + std::to_string(frames_) + " calibration images ";
  if (frames_ > 1 && different_.size() == 1) {
    lines.push_back("all " + std::to_string(frames_) +
                    " calibration images are the same picture; use pictures that differ as what "
                    "the camera sees does");
  } else if (different_.size() < frames_) {
    lines.push_back("only " + std::to_string(different_.size()) + of_all + "differ");
  }
  if (uniform_ > 0) {
    lines.push_back(std::to_string(uniform_) + of_all +
                    "are of one colour throughout: is the lens covered, the file empty?");
  }
  return lines;
}

}  // namespace pawl::engine
