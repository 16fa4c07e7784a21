// A camera: whatever delivers one frame after another.
//
//   photo.jpg                 one image
//   photos/                   its images in order of name, of an animation the first picture
//   belt.mp4                  a video file; an animated GIF alone is one too
//   v4l2:///dev/video0        a camera of this machine
//   rtsp://host/stream        a network camera
//   gst:PIPELINE              a GStreamer pipeline that ends in appsink
//   synthetic://?seed=1&fps=25&drift=0.2&noise=0.012&speed=300&blur=0.25&defects=0.45
//              &width=1280&height=720&count=100      the synthetic line; endless without count
//
// Threads: one camera, one thread. Not real-time paced except where the source itself is, or
// `Pace::kRealTime` asks the synthetic line for it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "platform/frame.h"
#include "platform/imaging/image_folder.h"
#include "platform/result.h"

namespace pawl::platform {

enum class Pace : uint8_t { kAsFastAsAsked, kRealTime };

struct CameraOptions {
  Pace pace = Pace::kAsFastAsAsked;
  ImageLimits limits = {};
};

class Camera {
 public:
  // Errors: kNotFound (no such file), kInvalidArgument (the URI), kIo (does not open),
  // kUnsupported.
  static Result<std::unique_ptr<Camera>> open(const std::string& uri,
                                              const CameraOptions& options = {});
  virtual ~Camera() = default;

  // False after the last frame. The frame's pixels are valid until the next call. An error concerns
  // this frame alone where skips_errors(): the next call goes on with the next image.
  virtual Result<bool> next(Frame* frame) = 0;

  // Of the frame that next() gave last, or failed to give: the image's path, or the URI.
  virtual const std::string& source() const = 0;
  virtual bool skips_errors() const { return false; }
  virtual bool is_image_set() const { return false; }  // every frame is a file of its own
  virtual double fps() const { return 0.0; }           // 0: the source does not say
  virtual int64_t frame_count() const { return -1; }   // -1: endless or unknown
  virtual const std::string& remark() const;           // of its folder, for people; mostly empty
};

}  // namespace pawl::platform
