// Network outputs to detections: threshold, box decode, duplicate suppression, back to the frame.
//
// Scores are scanned first, in logit space where the network leaves the sigmoid to us, and only
// the pixels that pass get their boxes decoded. Candidates rank by score, then by number, then by
// class, so the same outputs give the same detections in any memory layout and on any machine
// whose expf agrees. Boxes that are not finite, empty, or outside the frame are dropped.
//
// Threads: one decoder, one thread. Allocates in create() only.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/detect/detection.h"
#include "engine/detect/head.h"
#include "engine/detect/nms.h"
#include "engine/detect/placement.h"
#include "platform/result.h"

namespace pawl::engine {

struct DecodeOptions {
  float confidence = 0.25F;  // detections score more than this
  float iou = 0.45F;         // of two boxes that overlap by more, the better one stays
  int32_t detections_max = 300;
  int32_t candidates_max = 30000;  // the best ones that go into suppression
  bool multi_label = false;  // a detection for every class above confidence, not just the best;
                             // always so for maps of a network that needs no suppression
  bool class_aware = true;   // boxes of different classes do not suppress each other
};

class Decoder {
 public:
  // `pixels`: the sum of HeadLevel::count over the levels of every decode(), at most.
  // kInvalidArgument names the option or field that makes no sense.
  static platform::Result<Decoder> create(const HeadSpec& spec, const DecodeOptions& options,
                                          int32_t pixels);

  // Best first; valid until the next call. Requires levels that match the spec
  // (engine/detect/level_binding.h checks that for outputs that come from outside).
  std::span<const Detection> decode(std::span<const HeadLevel> levels, const Placement& placement);

  const HeadSpec& spec() const { return spec_; }
  const DecodeOptions& options() const { return options_; }

 private:
  // The part of the network input that shows the frame.
  struct Window {
    float x1, y1, x2, y2;
  };

  Decoder() = default;
  void scan_objectness(const HeadLevel& level, int32_t base);
  void scan_interleaved(const HeadLevel& level, int32_t base);
  void scan_planar(const HeadLevel& level, int32_t base);
  void scan_end_to_end(const HeadLevel& level, int32_t base);
  void examine(const HeadLevel& level, int32_t pixel, int32_t base);
  bool decode_box(const HeadLevel& level, int32_t pixel, Candidate* candidate) const;
  void add(const Candidate& candidate);
  float probability(float raw) const;

  HeadSpec spec_;
  DecodeOptions options_;
  float raw_threshold_ = 0.0F;  // of what the network gives: logits or probabilities
  size_t candidates_max_ = 0;
  Window window_{};
  std::vector<Candidate> candidates_;  // capacity candidates_max_; a heap once full
  std::vector<Detection> detections_;  // capacity detections_max
};

}  // namespace pawl::engine
