#include "engine/detect/level_binding.h"

#include <cmath>
#include <cstddef>
#include <string>

#include "platform/check.h"

namespace pawl::engine {
namespace {

using platform::Code;
using platform::Error;
using platform::Status;

bool needs_grid(BoxCode code) {
  return code != BoxCode::kCxcywh && code != BoxCode::kXyxy;
}

// Sizes and strides are bounded by `floats` first, so the products below cannot overflow.
bool slice_inside(const OutputSlice& slice, int64_t count, int64_t channels,
                  std::span<const int64_t> output_floats) {
  if (slice.output < 0 || static_cast<size_t>(slice.output) >= output_floats.size()) return false;
  const int64_t floats = output_floats[static_cast<size_t>(slice.output)];
  if (floats < 1 || floats > int64_t{1} << 36) return false;
  if (slice.offset < 0 || slice.pixel < 0 || slice.channel < 0) return false;
  if (slice.offset >= floats || slice.pixel > floats || slice.channel > floats) return false;
  const int64_t last = slice.offset + (count - 1) * slice.pixel + (channels - 1) * slice.channel;
  return last < floats;
}

HeadMap bind(const OutputSlice& slice, std::span<const float* const> outputs) {
  if (slice.output < 0) return {};
  return {outputs[static_cast<size_t>(slice.output)] + slice.offset,
          static_cast<ptrdiff_t>(slice.pixel), static_cast<ptrdiff_t>(slice.channel)};
}

}  // namespace

int32_t box_channels(const HeadSpec& head) {
  return head.box == BoxCode::kDfl ? 4 * head.bins : 4;
}

int32_t score_channels(const HeadSpec& head) {
  return head.layout == OutputLayout::kEndToEnd ? 2 : head.classes;
}

Status check_head(const HeadSpec& head) {
  if (static_cast<uint8_t>(head.layout) > static_cast<uint8_t>(OutputLayout::kMaps)) {
    return Error{Code::kInvalidArgument, "head: unknown output layout"};
  }
  if (static_cast<uint8_t>(head.box) > static_cast<uint8_t>(BoxCode::kYolov5)) {
    return Error{Code::kInvalidArgument, "head: unknown box code"};
  }
  if (head.classes < 1 || head.classes > kMaxClasses) {
    return Error{Code::kInvalidArgument, "head: " + std::to_string(head.classes) +
                                             " classes; 1 to " + std::to_string(kMaxClasses)};
  }
  if (head.box == BoxCode::kDfl && (head.bins < 1 || head.bins > kMaxBins)) {
    return Error{Code::kInvalidArgument,
                 "head: " + std::to_string(head.bins) + " bins; 1 to " + std::to_string(kMaxBins)};
  }
  if (!std::isfinite(head.cell_offset)) {
    return Error{Code::kInvalidArgument, "head: cell offset is not finite"};
  }
  return {};
}

Status check_levels(const HeadSpec& head, std::span<const LevelBinding> levels,
                    std::span<const int64_t> output_floats) {
  PAWL_TRY(check_head(head));
  int64_t pixels = 0;
  for (size_t i = 0; i < levels.size(); ++i) {
    const LevelBinding& level = levels[i];
    const std::string where = "head level " + std::to_string(i) + ": ";
    if (level.count < 1 || level.count > kMaxHeadPixels) {
      return Error{Code::kCorrupt, where + std::to_string(level.count) + " pixels"};
    }
    pixels += level.count;
    if (needs_grid(head.box) &&
        (level.grid_width < 1 || !std::isfinite(level.stride) || level.stride <= 0.0F)) {
      return Error{Code::kCorrupt, where + "boxes need a grid and there is none"};
    }
    if (!slice_inside(level.box, level.count, box_channels(head), output_floats)) {
      return Error{Code::kCorrupt, where + "boxes reach outside the network's outputs"};
    }
    if (!slice_inside(level.scores, level.count, score_channels(head), output_floats)) {
      return Error{Code::kCorrupt, where + "scores reach outside the network's outputs"};
    }
    if (head.objectness && !slice_inside(level.objectness, level.count, 1, output_floats)) {
      return Error{Code::kCorrupt, where + "objectness reaches outside the network's outputs"};
    }
  }
  if (pixels < 1 || pixels > kMaxHeadPixels) {
    return Error{Code::kCorrupt, "head of " + std::to_string(pixels) + " pixels; 1 to " +
                                     std::to_string(kMaxHeadPixels)};
  }
  return {};
}

void bind_levels(std::span<const LevelBinding> bindings, std::span<const float* const> outputs,
                 std::span<HeadLevel> levels) {
  PAWL_CHECK(bindings.size() == levels.size());
  for (size_t i = 0; i < bindings.size(); ++i) {
    const LevelBinding& from = bindings[i];
    HeadLevel& to = levels[i];
    to.count = from.count;
    to.grid_width = from.grid_width;
    to.stride = from.stride;
    to.anchor_w = from.anchor_w;
    to.anchor_h = from.anchor_h;
    to.box = bind(from.box, outputs);
    to.scores = bind(from.scores, outputs);
    to.objectness = bind(from.objectness, outputs);
  }
}

int32_t head_pixels(std::span<const LevelBinding> levels) {
  int64_t pixels = 0;
  for (const LevelBinding& level : levels) pixels += level.count;
  PAWL_CHECK(pixels <= kMaxHeadPixels);
  return static_cast<int32_t>(pixels);
}

}  // namespace pawl::engine
