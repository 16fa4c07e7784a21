// One image, or the images of a folder.
#include <utility>

#include "platform/imaging/camera_kinds.h"

namespace pawl::platform {
namespace {

class ImageCamera final : public Camera {
 public:
  ImageCamera(std::vector<std::filesystem::path> paths, const ImageLimits& limits)
      : paths_(std::move(paths)), limits_(limits) {}

  Result<bool> next(Frame* frame) override {
    if (at_ == paths_.size()) return false;
    const size_t index = at_++;
    source_ = paths_[index].string();
    image_ = PAWL_TRY(load_image(paths_[index], limits_));
    *frame = image_.frame();
    frame->sequence = index;
    frame->capture_ns = monotonic_ns();
    return true;
  }

  const std::string& source() const override { return source_; }
  bool skips_errors() const override { return true; }
  bool is_image_set() const override { return true; }
  int64_t frame_count() const override { return static_cast<int64_t>(paths_.size()); }

 private:
  std::vector<std::filesystem::path> paths_;
  ImageLimits limits_;
  size_t at_ = 0;
  std::string source_;
  Image image_;
};

}  // namespace

Result<std::unique_ptr<Camera>> open_image_camera(std::vector<std::filesystem::path> paths,
                                                  const ImageLimits& limits) {
  return std::unique_ptr<Camera>(std::make_unique<ImageCamera>(std::move(paths), limits));
}

}  // namespace pawl::platform
