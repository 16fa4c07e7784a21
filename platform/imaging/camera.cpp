#include "platform/imaging/camera.h"

#include <chrono>
#include <string_view>
#include <system_error>

#include "platform/imaging/camera_kinds.h"
#include "platform/imaging/image_folder.h"

namespace pawl::platform {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSynthetic = "synthetic://";
constexpr std::string_view kDevice = "v4l2://";
constexpr std::string_view kGstreamer = "gst:";

bool is_network_url(std::string_view uri) {
  for (const std::string_view scheme : {"rtsp://", "rtsps://", "http://", "https://", "udp://"}) {
    if (uri.starts_with(scheme)) return true;
  }
  return false;
}

Result<std::unique_ptr<Camera>> open_path(const std::string& uri, const CameraOptions& options) {
  const fs::path path(uri);
  std::error_code failure;
  const fs::file_status status = fs::status(path, failure);
  if (!fs::exists(status)) {
    return Error{Code::kNotFound, uri + ": no such file or folder"};
  }
  if (fs::is_directory(status)) {
    return open_image_camera(PAWL_TRY(list_images(path)), options.limits);
  }
  if (status.type() == fs::file_type::character) {
    return open_video_camera(VideoKind::kDevice, uri, uri);
  }
  if (!fs::is_regular_file(status)) {
    const char* const kind = status.type() == fs::file_type::fifo     ? "a FIFO (named pipe)"
                             : status.type() == fs::file_type::socket ? "a socket"
                                                                      : "a block device";
    return Error{Code::kInvalidArgument,
                 uri + ": it is " + kind + ", not an image, a folder, a video file or a camera"};
  }
  if (is_image_file(path)) return open_image_camera({{path}, {}}, options.limits);
  return open_video_camera(VideoKind::kFile, uri, uri);
}

}  // namespace

Result<std::unique_ptr<Camera>> Camera::open(const std::string& uri, const CameraOptions& options) {
  const std::string_view text = uri;
  if (text.empty()) return Error{Code::kInvalidArgument, "the input is an empty text"};
  if (text.starts_with(kSynthetic)) {
    std::string_view query = text.substr(kSynthetic.size());
    if (!query.empty() && query.front() != '?') {
      return Error{Code::kInvalidArgument, uri + ": expected synthetic://?key=value&..."};
    }
    if (!query.empty()) query.remove_prefix(1);
    return open_synthetic_camera(query, options);
  }
  if (text.starts_with(kDevice)) {
    return open_video_camera(VideoKind::kDevice, uri.substr(kDevice.size()), uri);
  }
  if (text.starts_with(kGstreamer)) {
    return open_video_camera(VideoKind::kGstreamer, uri.substr(kGstreamer.size()), uri);
  }
  if (is_network_url(text)) return open_video_camera(VideoKind::kStream, uri, uri);
  if (text.find("://") != std::string_view::npos) {
    return Error{Code::kInvalidArgument,
                 uri + ": unknown scheme; known are v4l2, rtsp, http, udp, gst and synthetic"};
  }
  return open_path(uri, options);
}

const std::string& Camera::remark() const {
  static const std::string kNone;
  return kNone;
}

int64_t monotonic_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace pawl::platform
