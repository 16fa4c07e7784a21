#include "engine/detect/preprocess.h"

#include <cmath>
#include <cstddef>
#include <string>

#include "kernels/cpu/isa.h"
#include "kernels/cpu/letterbox/variants.h"
#include "platform/check.h"

namespace pawl::engine {
namespace {

using platform::Code;
using platform::Error;
using platform::Frame;
using platform::PixelFormat;
using platform::Status;

constexpr int32_t kMaxParts = 1024;
constexpr ptrdiff_t kMaxStride = ptrdiff_t{1} << 30;  // a GiB a row

Error bad_frame(const std::string& what) {
  return {Code::kInvalidArgument, "frame: " + what};
}

std::string size_text(int32_t width, int32_t height) {
  return std::to_string(width) + "x" + std::to_string(height);
}

bool side_ok(int32_t side) {
  return side >= 1 && side <= platform::kImageSideMax;
}

// Negative strides are bottom-up images. Bounded, so that the kernels' row * stride does not
// overflow.
Status check_stride(const char* name, ptrdiff_t stride, ptrdiff_t row_bytes) {
  if (stride > kMaxStride || stride < -kMaxStride) {
    return bad_frame(std::string(name) + " of " + std::to_string(stride) +
                     " bytes is beyond 2^30 either way");
  }
  if (stride >= row_bytes || stride <= -row_bytes) return {};
  return bad_frame(std::string(name) + " of " + std::to_string(stride) +
                   " bytes is less than a row of " + std::to_string(row_bytes));
}

Status check_frame(const Frame& frame) {
  ptrdiff_t pixel_bytes = 1;
  switch (frame.format) {
    case PixelFormat::kBgr8:
    case PixelFormat::kRgb8:
      pixel_bytes = 3;
      break;
    case PixelFormat::kGray8:
    case PixelFormat::kNv12:
      break;
    default:
      return bad_frame("unknown pixel format " +
                       std::to_string(static_cast<unsigned>(frame.format)));
  }
  if (frame.data == nullptr) return bad_frame("no pixel data");
  if (!side_ok(frame.width) || !side_ok(frame.height)) {
    return bad_frame("size " + size_text(frame.width, frame.height) +
                     " is outside 1x1 to 16384x16384");
  }
  PAWL_TRY(check_stride("stride", frame.stride, frame.width * pixel_bytes));
  if (frame.format != PixelFormat::kNv12) return {};
  if (frame.width % 2 != 0 || frame.height % 2 != 0) {
    return bad_frame("NV12 size " + size_text(frame.width, frame.height) + " is odd");
  }
  if (frame.uv == nullptr) return bad_frame("NV12 without a UV plane");
  return check_stride("UV stride", frame.uv_stride, frame.width);
}

Status check_spec(const PreprocessSpec& spec) {
  if (!side_ok(spec.width) || !side_ok(spec.height)) {
    return Error{Code::kInvalidArgument, "network input of " + size_text(spec.width, spec.height) +
                                             " is outside 1x1 to 16384x16384"};
  }
  if (spec.channels != 1 && spec.channels != 3) {
    return Error{Code::kUnsupported, "network input of " + std::to_string(spec.channels) +
                                         " channels; 1 and 3 are supported"};
  }
  if (static_cast<uint8_t>(spec.fit) > static_cast<uint8_t>(Fit::kStretch)) {
    return Error{Code::kInvalidArgument, "unknown way to fit a frame into the network input"};
  }
  for (int c = 0; c < spec.channels; ++c) {
    if (!std::isfinite(spec.mean[c]) || !std::isfinite(spec.scale[c])) {
      return Error{Code::kInvalidArgument, "preprocessing mean or scale is not finite"};
    }
  }
  return {};
}

kernels::PixelLayout pixel_layout(PixelFormat format) {
  switch (format) {
    case PixelFormat::kBgr8:
      return kernels::PixelLayout::kBgr8;
    case PixelFormat::kRgb8:
      return kernels::PixelLayout::kRgb8;
    case PixelFormat::kGray8:
      return kernels::PixelLayout::kGray8;
    case PixelFormat::kNv12:
      break;
  }
  return kernels::PixelLayout::kNv12;
}

}  // namespace

platform::Result<Preprocessor> Preprocessor::create(const PreprocessSpec& spec, int32_t parts_max) {
  PAWL_TRY(check_spec(spec));
  if (parts_max < 1 || parts_max > kMaxParts) {
    return Error{Code::kInvalidArgument, "preprocessing in " + std::to_string(parts_max) +
                                             " parts; 1 to " + std::to_string(kMaxParts)};
  }
  Preprocessor made;
  made.spec_ = spec;
  made.parts_max_ = parts_max;
  made.kernel_ = kernels::best_usable(kernels::letterbox_variants()).run;
  PAWL_CHECK(made.kernel_ != nullptr);
  made.col_index_.resize(static_cast<size_t>(spec.width));
  made.col_weight_.resize(static_cast<size_t>(spec.width));
  made.row_index_.resize(static_cast<size_t>(spec.height));
  made.row_weight_.resize(static_cast<size_t>(spec.height));

  kernels::LetterboxParams& params = made.params_;
  params.OW = spec.width;
  params.OH = spec.height;
  params.channels = spec.channels;
  params.rgb = spec.rgb;
  params.pad_value = spec.pad_value;
  for (int c = 0; c < 3; ++c) {
    params.mean[c] = spec.mean[c];
    params.scale[c] = spec.scale[c];
  }
  return made;
}

platform::Status Preprocessor::prepare(const platform::Frame& frame) {
  prepared_ = false;
  PAWL_TRY(check_frame(frame));

  kernels::LetterboxParams& params = params_;
  const kernels::PixelLayout layout = pixel_layout(frame.format);
  if (params.IW != frame.width || params.IH != frame.height || params.layout != layout) {
    fitted_ = fit_frame(spec_, frame.width, frame.height);
    kernels::make_resize_table(frame.width, fitted_.width, col_index_.data(), col_weight_.data());
    kernels::make_resize_table(frame.height, fitted_.height, row_index_.data(), row_weight_.data());
    params.layout = layout;
    params.IW = frame.width;
    params.IH = frame.height;
    params.fit_x = fitted_.x;
    params.fit_y = fitted_.y;
    params.fit_w = fitted_.width;
    params.fit_h = fitted_.height;
    const size_t bytes = kernels::letterbox_scratch_bytes(params) * static_cast<size_t>(parts_max_);
    if (scratch_.size() < bytes) scratch_.resize(bytes);
  }
  params.stride = frame.stride;
  params.data = frame.data;
  params.uv = frame.uv;
  params.uv_stride = frame.uv_stride;
  prepared_ = true;
  return {};
}

void Preprocessor::run(float* y, int32_t part, int32_t parts) const {
  kernels::LetterboxParams params = letterbox();
  params.y = y;
  run(params, part, parts);
}

void Preprocessor::run(uint8_t* y, int32_t part, int32_t parts) const {
  kernels::LetterboxParams params = letterbox();
  params.y_u8 = y;
  run(params, part, parts);
}

kernels::LetterboxParams Preprocessor::letterbox() const {
  PAWL_CHECK(prepared_);
  kernels::LetterboxParams params = params_;
  params.col_index = col_index_.data();
  params.col_weight = col_weight_.data();
  params.row_index = row_index_.data();
  params.row_weight = row_weight_.data();
  return params;
}

void Preprocessor::run(kernels::LetterboxParams params, int32_t part, int32_t parts) const {
  PAWL_CHECK(part >= 0 && part < parts && parts <= parts_max_);
  params.scratch = scratch_.data();
  kernel_(params, part, parts);
}

}  // namespace pawl::engine
