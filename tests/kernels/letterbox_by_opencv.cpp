// What a Python pipeline does, with OpenCV.
#include <cstring>
#include <opencv2/imgproc.hpp>

#include "tests/kernels/letterbox_expected.h"

namespace pawl::kernels {
namespace {

cv::Mat plane(const uint8_t* first, ptrdiff_t stride, int32_t w, int32_t h, int type) {
  cv::Mat image(h, w, type);
  for (int32_t y = 0; y < h; ++y) {
    std::memcpy(image.ptr(y), first + stride * y, image.elemSize() * static_cast<size_t>(w));
  }
  return image;
}

// OpenCV wants even sizes: the last row and column are doubled and cut off again.
cv::Mat nv12(const LetterboxParams& p) {
  const cv::Mat luma = plane(p.data, p.stride, p.IW, p.IH, CV_8UC1);
  const cv::Mat chroma = plane(p.uv, p.uv_stride, (p.IW + 1) / 2, (p.IH + 1) / 2, CV_8UC2);
  cv::Mat even;
  cv::copyMakeBorder(luma, even, 0, p.IH % 2, 0, p.IW % 2, cv::BORDER_REPLICATE);
  cv::Mat bgr;
  cv::cvtColorTwoPlane(even, chroma, bgr, cv::COLOR_YUV2BGR_NV12);
  return bgr(cv::Rect(0, 0, p.IW, p.IH)).clone();
}

// The frame in OpenCV's channel order, gray as one channel.
cv::Mat bgr_or_gray(const LetterboxParams& p) {
  if (p.layout == PixelLayout::kGray8) return plane(p.data, p.stride, p.IW, p.IH, CV_8UC1);
  if (p.layout == PixelLayout::kNv12) return nv12(p);
  cv::Mat image = plane(p.data, p.stride, p.IW, p.IH, CV_8UC3);
  if (p.layout == PixelLayout::kRgb8) cv::cvtColor(image, image, cv::COLOR_RGB2BGR);
  return image;
}

}  // namespace

std::vector<float> expected_letterbox(const LetterboxParams& p) {
  cv::Mat image = bgr_or_gray(p);
  if (p.channels == 1 && image.channels() == 3) cv::cvtColor(image, image, cv::COLOR_BGR2GRAY);
  if (p.channels == 3 && image.channels() == 1) cv::cvtColor(image, image, cv::COLOR_GRAY2BGR);
  cv::Mat fitted;
  cv::resize(image, fitted, cv::Size(p.fit_w, p.fit_h), 0, 0, cv::INTER_LINEAR);
  cv::Mat canvas;
  cv::copyMakeBorder(fitted, canvas, p.fit_y, p.OH - p.fit_y - p.fit_h, p.fit_x,
                     p.OW - p.fit_x - p.fit_w, cv::BORDER_CONSTANT, cv::Scalar::all(p.pad_value));
  if (p.channels == 3 && p.rgb) cv::cvtColor(canvas, canvas, cv::COLOR_BGR2RGB);
  std::vector<float> y;
  for (int32_t row = 0; row < p.OH; ++row) {
    const uint8_t* bytes = canvas.ptr(row);
    for (int32_t i = 0; i < p.OW * p.channels; ++i) {
      const int32_t c = i % p.channels;
      y.push_back((static_cast<float>(bytes[i]) - p.mean[c]) * p.scale[c]);
    }
  }
  return y;
}

}  // namespace pawl::kernels
