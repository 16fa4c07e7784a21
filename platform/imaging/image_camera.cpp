// One image, or the images of a folder.
#include <utility>

#include "platform/imaging/camera_kinds.h"

namespace pawl::platform {
namespace {

class ImageCamera final : public Camera {
 public:
  ImageCamera(ImageFolder folder, const ImageLimits& limits)
      : folder_(std::move(folder)), limits_(limits) {}

  Result<bool> next(Frame* frame) override {
    if (at_ == folder_.images.size()) return false;
    const size_t index = at_++;
    source_ = folder_.images[index].string();
    image_ = PAWL_TRY(load_image(folder_.images[index], limits_));
    *frame = image_.frame();
    frame->sequence = index;
    frame->capture_ns = monotonic_ns();
    return true;
  }

  const std::string& source() const override { return source_; }
  bool skips_errors() const override { return true; }
  bool is_image_set() const override { return true; }
  int64_t frame_count() const override { return static_cast<int64_t>(folder_.images.size()); }
  const std::string& remark() const override { return folder_.remark; }

 private:
  ImageFolder folder_;
  ImageLimits limits_;
  size_t at_ = 0;
  std::string source_;
  Image image_;
};

}  // namespace

Result<std::unique_ptr<Camera>> open_image_camera(ImageFolder folder, const ImageLimits& limits) {
  return std::unique_ptr<Camera>(std::make_unique<ImageCamera>(std::move(folder), limits));
}

}  // namespace pawl::platform
