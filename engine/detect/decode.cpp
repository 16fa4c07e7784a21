#include "engine/detect/decode.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "engine/detect/level_binding.h"
#include "platform/check.h"

namespace pawl::engine {
namespace {

using platform::Code;
using platform::Error;
using platform::Status;

constexpr int32_t kMaxDetections = 100000;
constexpr int32_t kMaxCandidates = 1 << 20;
constexpr float kNone = -std::numeric_limits<float>::infinity();

// Pixels whose running maximum stays in the first-level cache while channels stream past.
constexpr int32_t kTile = 1024;

float sigmoid(float x) {
  return 1.0F / (1.0F + std::exp(-x));
}

float at(const HeadMap& map, int32_t pixel, int32_t channel) {
  return map.data[pixel * map.pixel + channel * map.channel];
}

// Whether one of n contiguous numbers exceeds the threshold. Without an early exit, which keeps
// compilers from turning the loop into vector instructions.
bool any_above(const float* values, int32_t n, float threshold) {
  int32_t above = 0;
  for (int32_t i = 0; i < n; ++i) above |= values[i] > threshold ? 1 : 0;
  return above != 0;
}

// Mean of the bin numbers under the softmax of their logits.
float expected_distance(const HeadLevel& level, int32_t pixel, int32_t side, int32_t bins) {
  const int32_t first = side * bins;
  float top = kNone;
  for (int32_t b = 0; b < bins; ++b) top = std::max(top, at(level.box, pixel, first + b));
  float total = 0.0F;
  float weighted = 0.0F;
  for (int32_t b = 0; b < bins; ++b) {
    const float weight = std::exp(at(level.box, pixel, first + b) - top);
    total += weight;
    weighted += weight * static_cast<float>(b);
  }
  return weighted / total;
}

Status check_options(const DecodeOptions& options) {
  // Written so that NaN fails.
  if (!(options.confidence >= 0.0F && options.confidence < 1.0F)) {
    return Error{Code::kInvalidArgument, "confidence " + std::to_string(options.confidence) +
                                             " is outside 0 (included) to 1 (excluded)"};
  }
  if (!(options.iou >= 0.0F && options.iou <= 1.0F)) {
    return Error{Code::kInvalidArgument,
                 "iou " + std::to_string(options.iou) + " is outside 0 to 1"};
  }
  if (options.detections_max < 1 || options.detections_max > kMaxDetections) {
    return Error{Code::kInvalidArgument, "detections_max " +
                                             std::to_string(options.detections_max) +
                                             " is outside 1 to " + std::to_string(kMaxDetections)};
  }
  if (options.candidates_max < 1 || options.candidates_max > kMaxCandidates) {
    return Error{Code::kInvalidArgument, "candidates_max " +
                                             std::to_string(options.candidates_max) +
                                             " is outside 1 to " + std::to_string(kMaxCandidates)};
  }
  return {};
}

}  // namespace

platform::Result<Decoder> Decoder::create(const HeadSpec& spec, const DecodeOptions& options,
                                          int32_t pixels) {
  PAWL_TRY(check_head(spec));
  PAWL_TRY(check_options(options));
  if (pixels < 1 || pixels > kMaxHeadPixels) {
    return Error{Code::kInvalidArgument, "a head of " + std::to_string(pixels) + " pixels; 1 to " +
                                             std::to_string(kMaxHeadPixels)};
  }
  Decoder made;
  made.spec_ = spec;
  made.options_ = options;
  // A network that suppresses duplicates itself ranks (pixel, class) pairs, not pixels.
  if (!spec.nms && spec.layout != OutputLayout::kEndToEnd) made.options_.multi_label = true;
  made.raw_threshold_ = options.confidence;
  if (spec.scores_are_logits) {
    const double conf = options.confidence;
    made.raw_threshold_ = static_cast<float>(std::log(conf / (1.0 - conf)));
  }
  const int64_t possible =
      int64_t{pixels} *
      (made.options_.multi_label && spec.layout != OutputLayout::kEndToEnd ? spec.classes : 1);
  made.candidates_max_ = static_cast<size_t>(std::min<int64_t>(possible, options.candidates_max));
  made.candidates_.reserve(made.candidates_max_);
  made.detections_.reserve(static_cast<size_t>(options.detections_max));
  return made;
}

std::span<const Detection> Decoder::decode(std::span<const HeadLevel> levels,
                                           const Placement& placement) {
  candidates_.clear();
  detections_.clear();
  const auto frame_width = static_cast<float>(placement.frame_width);
  const auto frame_height = static_cast<float>(placement.frame_height);
  window_ = {placement.offset_x, placement.offset_y,
             placement.offset_x + frame_width / placement.scale_x,
             placement.offset_y + frame_height / placement.scale_y};

  int32_t base = 0;
  for (const HeadLevel& level : levels) {
    if (spec_.layout == OutputLayout::kEndToEnd) {
      scan_end_to_end(level, base);
    } else if (spec_.objectness) {
      scan_objectness(level, base);
    } else if (level.scores.channel == 1) {
      scan_interleaved(level, base);
    } else {
      scan_planar(level, base);
    }
    base += level.count;
  }

  std::sort(candidates_.begin(), candidates_.end(), ranks_before);
  const auto limit = static_cast<size_t>(options_.detections_max);
  const size_t kept =
      spec_.nms ? suppress_overlaps(candidates_, options_.iou, options_.class_aware, limit)
                : std::min(candidates_.size(), limit);
  for (size_t i = 0; i < kept; ++i) {
    const Candidate& c = candidates_[i];
    const auto x = [&](float v) {
      return std::clamp((v - placement.offset_x) * placement.scale_x, 0.0F, frame_width);
    };
    const auto y = [&](float v) {
      return std::clamp((v - placement.offset_y) * placement.scale_y, 0.0F, frame_height);
    };
    detections_.push_back(
        {c.class_id, std::min(c.score, 1.0F), x(c.x1), y(c.y1), x(c.x2), y(c.y2)});
  }
  return detections_;
}

float Decoder::probability(float raw) const {
  return spec_.scores_are_logits ? sigmoid(raw) : raw;
}

// A pixel's score is at most its objectness: the others need no look at their classes.
void Decoder::scan_objectness(const HeadLevel& level, int32_t base) {
  for (int32_t p = 0; p < level.count; ++p) {
    if (at(level.objectness, p, 0) > raw_threshold_) examine(level, p, base);
  }
}

void Decoder::scan_interleaved(const HeadLevel& level, int32_t base) {
  for (int32_t p = 0; p < level.count; ++p) {
    const float* scores = level.scores.data + p * level.scores.pixel;
    if (any_above(scores, spec_.classes, raw_threshold_)) examine(level, p, base);
  }
}

// Channels apart: whole rows of a channel at a time, keeping each pixel's maximum.
void Decoder::scan_planar(const HeadLevel& level, int32_t base) {
  float top[kTile];
  for (int32_t first = 0; first < level.count; first += kTile) {
    const int32_t n = std::min(kTile, level.count - first);
    std::fill_n(top, n, kNone);
    for (int32_t c = 0; c < spec_.classes; ++c) {
      const float* row = level.scores.data + c * level.scores.channel + first * level.scores.pixel;
      if (level.scores.pixel == 1) {
        for (int32_t i = 0; i < n; ++i) top[i] = row[i] > top[i] ? row[i] : top[i];
      } else {
        for (int32_t i = 0; i < n; ++i) {
          const float value = row[i * level.scores.pixel];
          top[i] = value > top[i] ? value : top[i];
        }
      }
    }
    for (int32_t i = 0; i < n; ++i) {
      if (top[i] > raw_threshold_) examine(level, first + i, base);
    }
  }
}

void Decoder::scan_end_to_end(const HeadLevel& level, int32_t base) {
  for (int32_t p = 0; p < level.count; ++p) {
    Candidate candidate;
    candidate.score = probability(at(level.scores, p, 0));
    if (!(candidate.score > options_.confidence)) continue;
    const float class_id = at(level.scores, p, 1);
    if (!(class_id > -0.5F && class_id < static_cast<float>(spec_.classes) - 0.5F)) continue;
    candidate.class_id = static_cast<int32_t>(std::lround(class_id));
    candidate.index = base + p;
    if (decode_box(level, p, &candidate)) add(candidate);
  }
}

// A pixel with a chance: its class or classes, then its box.
void Decoder::examine(const HeadLevel& level, int32_t pixel, int32_t base) {
  Candidate candidate;
  candidate.index = base + pixel;
  const float object = spec_.objectness ? probability(at(level.objectness, pixel, 0)) : 1.0F;
  if (!options_.multi_label) {
    // Strictly larger only: the first of equal classes wins.
    float best = kNone;
    for (int32_t c = 0; c < spec_.classes; ++c) {
      const float value = at(level.scores, pixel, c);
      if (value > best) {
        best = value;
        candidate.class_id = c;
      }
    }
    candidate.score = object * probability(best);
    if (candidate.score > options_.confidence && decode_box(level, pixel, &candidate))
      add(candidate);
    return;
  }
  bool decoded = false;
  for (int32_t c = 0; c < spec_.classes; ++c) {
    const float value = at(level.scores, pixel, c);
    if (!(value > raw_threshold_)) continue;
    candidate.score = object * probability(value);
    if (!(candidate.score > options_.confidence)) continue;
    if (!decoded && !decode_box(level, pixel, &candidate)) return;
    decoded = true;
    candidate.class_id = c;
    add(candidate);
  }
}

// False for a box to drop: not finite, empty, or wholly in the padding.
bool Decoder::decode_box(const HeadLevel& level, int32_t pixel, Candidate* candidate) const {
  const int32_t grid_width = std::max(level.grid_width, 1);
  const auto column = static_cast<float>(pixel % grid_width);
  const auto row = static_cast<float>(pixel / grid_width);
  const auto raw = [&](int32_t channel) { return at(level.box, pixel, channel); };
  float cx = 0.0F, cy = 0.0F, width = 0.0F, height = 0.0F;
  bool corners = false;
  Candidate& c = *candidate;

  switch (spec_.box) {
    case BoxCode::kCxcywh:
      cx = raw(0), cy = raw(1), width = raw(2), height = raw(3);
      break;
    case BoxCode::kXyxy:
      corners = true;
      c.x1 = raw(0), c.y1 = raw(1), c.x2 = raw(2), c.y2 = raw(3);
      break;
    case BoxCode::kDfl:
    case BoxCode::kLtrb: {
      corners = true;
      float side[4];
      for (int32_t s = 0; s < 4; ++s) {
        side[s] =
            spec_.box == BoxCode::kDfl ? expected_distance(level, pixel, s, spec_.bins) : raw(s);
      }
      c.x1 = (column + spec_.cell_offset - side[0]) * level.stride;
      c.y1 = (row + spec_.cell_offset - side[1]) * level.stride;
      c.x2 = (column + spec_.cell_offset + side[2]) * level.stride;
      c.y2 = (row + spec_.cell_offset + side[3]) * level.stride;
      break;
    }
    case BoxCode::kYolox:
      cx = (raw(0) + column) * level.stride;
      cy = (raw(1) + row) * level.stride;
      width = std::exp(raw(2)) * level.stride;
      height = std::exp(raw(3)) * level.stride;
      break;
    case BoxCode::kYolov5: {
      cx = (2.0F * sigmoid(raw(0)) - 0.5F + column) * level.stride;
      cy = (2.0F * sigmoid(raw(1)) - 0.5F + row) * level.stride;
      const float w = 2.0F * sigmoid(raw(2));
      const float h = 2.0F * sigmoid(raw(3));
      width = w * w * level.anchor_w;
      height = h * h * level.anchor_h;
      break;
    }
  }
  if (!corners) {
    c.x1 = cx - width / 2.0F;
    c.y1 = cy - height / 2.0F;
    c.x2 = cx + width / 2.0F;
    c.y2 = cy + height / 2.0F;
  }
  // Each comparison is false for NaN; the area must not overflow either.
  const bool finite = std::isfinite(c.x1) && std::isfinite(c.y1) && std::isfinite(c.x2) &&
                      std::isfinite(c.y2) && std::isfinite((c.x2 - c.x1) * (c.y2 - c.y1));
  return finite && c.x1 < c.x2 && c.y1 < c.y2 && c.x1 < window_.x2 && c.x2 > window_.x1 &&
         c.y1 < window_.y2 && c.y2 > window_.y1;
}

// Once full, a heap whose front is the worst candidate: a better one takes its place.
void Decoder::add(const Candidate& candidate) {
  if (candidates_.size() < candidates_max_) {
    candidates_.push_back(candidate);
    if (candidates_.size() == candidates_max_) {
      std::make_heap(candidates_.begin(), candidates_.end(), ranks_before);
    }
    return;
  }
  if (!ranks_before(candidate, candidates_.front())) return;
  std::pop_heap(candidates_.begin(), candidates_.end(), ranks_before);
  candidates_.back() = candidate;
  std::push_heap(candidates_.begin(), candidates_.end(), ranks_before);
}

}  // namespace pawl::engine
