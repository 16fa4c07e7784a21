// Which numbers of which network output belong to which level of the head: HeadLevel without
// pointers, so that it can be stored in an artifact and checked before it is believed.
#pragma once

#include <cstdint>
#include <span>

#include "engine/detect/head.h"
#include "platform/result.h"

namespace pawl::engine {

// Limits of a head that this code agrees to decode.
inline constexpr int32_t kMaxHeadPixels = 1 << 24;
inline constexpr int32_t kMaxClasses = 65536;
inline constexpr int32_t kMaxBins = 64;

// Element (p, c) is outputs[output][offset + p*pixel + c*channel].
struct OutputSlice {
  int32_t output = -1;  // -1: absent
  int64_t offset = 0, pixel = 0, channel = 1;
};

struct LevelBinding {
  int32_t count = 0;  // as the fields of HeadLevel
  int32_t grid_width = 0;
  float stride = 0.0F;
  float anchor_w = 0.0F, anchor_h = 0.0F;
  OutputSlice box, scores, objectness;
};

// kInvalidArgument when the description contradicts itself or breaks a limit.
platform::Status check_head(const HeadSpec& head);

// kCorrupt unless every element that a Decoder would read lies inside its output. `output_floats`:
// the size of each network output.
platform::Status check_levels(const HeadSpec& head, std::span<const LevelBinding> levels,
                              std::span<const int64_t> output_floats);

// Fills levels[i] from bindings[i]. Requires checked bindings and equal lengths.
void bind_levels(std::span<const LevelBinding> bindings, std::span<const float* const> outputs,
                 std::span<HeadLevel> levels);

// Sum of the levels' pixels.
int32_t head_pixels(std::span<const LevelBinding> levels);

// Numbers a pixel has in its box map and in its score map.
int32_t box_channels(const HeadSpec& head);
int32_t score_channels(const HeadSpec& head);

}  // namespace pawl::engine
