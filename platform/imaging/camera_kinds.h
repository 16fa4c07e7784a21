// The implementations behind Camera::open, one function a file.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "platform/imaging/camera.h"
#include "platform/imaging/media_plugin.h"

namespace pawl::platform {

Result<std::unique_ptr<Camera>> open_image_camera(ImageFolder folder, const ImageLimits& limits);

// `query`: what follows the '?' of synthetic://?seed=1&fps=25.
Result<std::unique_ptr<Camera>> open_synthetic_camera(std::string_view query,
                                                      const CameraOptions& options);

Result<std::unique_ptr<Camera>> open_video_camera(VideoKind kind, const std::string& where,
                                                  const std::string& uri);

// The monotonic clock, for Frame::capture_ns.
int64_t monotonic_ns();

}  // namespace pawl::platform
