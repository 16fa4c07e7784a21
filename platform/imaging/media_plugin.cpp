// The plugin itself; compiled into pawl_media.so, the only file that uses videoio and imgcodecs.
#include "platform/imaging/media_plugin.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <iostream>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/videoio.hpp>
#include <opencv2/videoio/registry.hpp>
#include <string>
#include <utility>
#include <vector>

#include "platform/imaging/image_format.h"

namespace pawl::platform {
namespace {

constexpr int kNetworkTimeoutMs = 10000;

// Whatever OpenCV hands out, as three channels of eight bits.
Status check_pixels(const cv::Mat& pixels) {
  if (pixels.empty()) return Error{Code::kCorrupt, "no picture in it"};
  if (pixels.type() != CV_8UC3 && pixels.type() != CV_8UC1) {
    return Error{Code::kUnsupported, "pixels are neither BGR nor grey at eight bits"};
  }
  return {};
}

Frame frame_of(const cv::Mat& pixels) {
  return {.format = pixels.channels() == 3 ? PixelFormat::kBgr8 : PixelFormat::kGray8,
          .width = pixels.cols,
          .height = pixels.rows,
          .stride = static_cast<ptrdiff_t>(pixels.step),
          .data = pixels.data};
}

// imdecode catches what its decoders throw and prints it; we report failures ourselves.
class QuietErrors {
 public:
  QuietErrors() : kept_(std::cerr.rdbuf(nullptr)) {}
  QuietErrors(const QuietErrors&) = delete;
  QuietErrors& operator=(const QuietErrors&) = delete;
  ~QuietErrors() { std::cerr.rdbuf(kept_); }  // clears the error state too

 private:
  std::streambuf* kept_;
};

class CaptureReader final : public VideoReader {
 public:
  explicit CaptureReader(cv::VideoCapture capture) : capture_(std::move(capture)) {}

  Result<bool> next(Frame* frame) override {
    try {
      if (!capture_.read(pixels_)) return false;
      PAWL_TRY(check_pixels(pixels_));
      *frame = frame_of(pixels_);
      return true;
    } catch (const std::exception& e) {
      return Error{Code::kIo, std::string("capture failed: ") + e.what()};
    }
  }

  double fps() const override {
    const double fps = capture_.get(cv::CAP_PROP_FPS);
    return fps > 0.0 && fps < 1000.0 ? fps : 0.0;
  }

  int64_t frame_count() const override {
    const double count = capture_.get(cv::CAP_PROP_FRAME_COUNT);
    return count > 0.0 && count < 1e12 ? static_cast<int64_t>(count) : -1;
  }

 private:
  cv::VideoCapture capture_;
  cv::Mat pixels_;
};

int backend_of(VideoKind kind) {
  switch (kind) {
    case VideoKind::kDevice:
      return cv::CAP_V4L2;
    case VideoKind::kGstreamer:
      return cv::CAP_GSTREAMER;
    case VideoKind::kFile:
    case VideoKind::kStream:
      break;
  }
  return cv::CAP_FFMPEG;
}

// OpenCV only says that it did not open.
Error why_closed(VideoKind kind, const std::string& where) {
  switch (kind) {
    case VideoKind::kDevice:
      if (access(where.c_str(), R_OK | W_OK) != 0) {
        const int reason = errno;
        return {reason == ENOENT ? Code::kNotFound : Code::kIo,
                std::string("the camera does not open: ") + std::strerror(reason)};
      }
      return {Code::kIo, "the camera does not open: not one of V4L2, or in use elsewhere"};
    case VideoKind::kStream:
      return {Code::kIo, "the stream does not open: no answer within " +
                             std::to_string(kNetworkTimeoutMs / 1000) +
                             " seconds, or no video that FFmpeg reads"};
    case VideoKind::kGstreamer:
      if (!cv::videoio_registry::hasBackend(cv::CAP_GSTREAMER)) {
        return {Code::kUnsupported, "this OpenCV is built without GStreamer"};
      }
      return {Code::kIo, "the pipeline does not start; it has to end in appsink"};
    case VideoKind::kFile:
      break;
  }
  return {Code::kCorrupt, "neither a picture nor a video that FFmpeg reads"};
}

class OpencvMedia final : public MediaPlugin {
 public:
  Result<std::unique_ptr<VideoReader>> open_video(VideoKind kind,
                                                  const std::string& where) override {
    try {
      std::vector<int> parameters;
      if (kind == VideoKind::kStream) {
        parameters = {cv::CAP_PROP_OPEN_TIMEOUT_MSEC, kNetworkTimeoutMs,
                      cv::CAP_PROP_READ_TIMEOUT_MSEC, kNetworkTimeoutMs};
      }
      cv::VideoCapture capture;
      if (!capture.open(where, backend_of(kind), parameters)) {
        return why_closed(kind, where);
      }
      return std::unique_ptr<VideoReader>(std::make_unique<CaptureReader>(std::move(capture)));
    } catch (const std::exception& e) {
      return Error{Code::kIo, std::string("capture failed: ") + e.what()};
    }
  }

  Result<Image> decode_image(std::span<const std::byte> bytes, const ImageLimits& limits) override {
    const ImageFormat format = image_format(bytes);
    std::string damaged = "truncated or damaged " + std::string(image_format_name(format));
    if (format == ImageFormat::kTiff) {
      damaged += ", or of a kind that is not read; 8 and 16 bits a channel are";
    }
    try {
      const QuietErrors quiet;
      const cv::Mat pixels = format == ImageFormat::kGif ? first_frame(bytes) : decode(bytes);
      if (pixels.empty() || pixels.type() != CV_8UC3) return Error{Code::kCorrupt, damaged};
      return image_of(pixels, limits);
    } catch (const std::exception&) {
      return Error{Code::kCorrupt, damaged + ", or over the size limit"};
    }
  }

 private:
  static cv::Mat decode(std::span<const std::byte> bytes) {
    const cv::Mat file(1, static_cast<int>(bytes.size()), CV_8UC1,
                       const_cast<std::byte*>(bytes.data()));
    return cv::imdecode(file, cv::IMREAD_COLOR | cv::IMREAD_IGNORE_ORIENTATION);
  }

  // OpenCV's image codecs lack GIF before version 4.11; its video reader takes one, from a file.
  static cv::Mat first_frame(std::span<const std::byte> bytes) {
    const int fd = memfd_create("pawl picture", MFD_CLOEXEC);
    if (fd < 0) return {};
    cv::Mat pixels;
    if (write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size())) {
      cv::VideoCapture capture("/proc/self/fd/" + std::to_string(fd), cv::CAP_FFMPEG);
      capture.read(pixels);
      pixels = pixels.clone();
    }
    close(fd);
    return pixels;
  }

  static Result<Image> image_of(const cv::Mat& pixels, const ImageLimits& limits) {
    PAWL_TRY(check_limits(pixels.cols, pixels.rows, limits));
    Image image = Image::blank(pixels.cols, pixels.rows);
    for (int y = 0; y < pixels.rows; ++y) {
      std::memcpy(image.row(y), pixels.ptr(y), static_cast<size_t>(image.stride));
    }
    return image;
  }
};

}  // namespace
}  // namespace pawl::platform

extern "C" __attribute__((visibility("default"))) pawl::platform::MediaPlugin* pawl_media_plugin(
    const char* build) {
  if (std::strcmp(build, PAWL_BUILD) != 0) return nullptr;
  // The program reports failures itself, one line each.
  cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
  setenv("OPENCV_FFMPEG_LOGLEVEL", "-8", 0);
  static pawl::platform::OpencvMedia media;
  return &media;
}
