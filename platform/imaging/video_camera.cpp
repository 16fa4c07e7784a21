// Video files, cameras and streams, through the media plugin.
#include <utility>

#include "platform/imaging/camera_kinds.h"

namespace pawl::platform {
namespace {

class VideoCamera final : public Camera {
 public:
  VideoCamera(std::unique_ptr<VideoReader> reader, std::string uri)
      : reader_(std::move(reader)), uri_(std::move(uri)) {}

  Result<bool> next(Frame* frame) override {
    const bool more = PAWL_TRY(reader_->next(frame).context(uri_));
    if (!more) return false;
    frame->sequence = sequence_++;
    frame->capture_ns = monotonic_ns();
    return true;
  }

  const std::string& source() const override { return uri_; }
  double fps() const override { return reader_->fps(); }
  int64_t frame_count() const override { return reader_->frame_count(); }

 private:
  std::unique_ptr<VideoReader> reader_;
  std::string uri_;
  uint64_t sequence_ = 0;
};

}  // namespace

Result<std::unique_ptr<Camera>> open_video_camera(VideoKind kind, const std::string& where,
                                                  const std::string& uri) {
  MediaPlugin* plugin = PAWL_TRY(media_plugin().context(uri));
  auto reader = PAWL_TRY(plugin->open_video(kind, where).context(uri));
  return std::unique_ptr<Camera>(std::make_unique<VideoCamera>(std::move(reader), uri));
}

}  // namespace pawl::platform
