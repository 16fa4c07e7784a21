// What the media plugin (pawl_media.so) offers: video capture and the rarer image formats.
//
// A plugin because OpenCV's videoio and imgcodecs pull in ffmpeg, GStreamer and GDAL, whose
// start-up alone is longer than the budget from process start to first boxes
// (docs/decisions/imaging-startup.md). Built with the program and refused when it is of another
// build.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "platform/imaging/images.h"
#include "platform/result.h"

namespace pawl::platform {

enum class VideoKind : uint8_t {
  kFile,       // a path
  kDevice,     // a V4L2 device path
  kStream,     // a network URL
  kGstreamer,  // a pipeline that ends in an appsink
};

class VideoReader {
 public:
  virtual ~VideoReader() = default;
  // False at the end. The frame is valid until the next call.
  virtual Result<bool> next(Frame* frame) = 0;
  virtual double fps() const = 0;           // 0 when the source does not say
  virtual int64_t frame_count() const = 0;  // -1 when the source does not say
};

class MediaPlugin {
 public:
  virtual ~MediaPlugin() = default;
  virtual Result<std::unique_ptr<VideoReader>> open_video(VideoKind kind,
                                                          const std::string& where) = 0;
  // BMP, TIFF, GIF, and still WebP, of which the pixels alone: its Exif block is not looked at. The
  // first of several pictures.
  virtual Result<Image> decode_image(std::span<const std::byte> bytes,
                                     const ImageLimits& limits) = 0;
};

// Exported by the plugin. The argument is the caller's build; null if it is not the plugin's.
inline constexpr const char* kMediaPluginEntry = "pawl_media_plugin";
using MediaPluginEntry = MediaPlugin* (*)(const char* build);

// Loads the plugin on first use and keeps it. Looked for in $PAWL_PLUGIN_DIR, beside the program
// and in ../lib/pawl from there. Threads: one at a time.
Result<MediaPlugin*> media_plugin();

}  // namespace pawl::platform
