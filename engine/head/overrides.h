// What the user says about a model's head and preprocessing, where guessing is not enough:
//   --head yolox        one of head_families() (engine/head/head_table.h), or auto
//   --pre KEY=VALUE,... color=rgb|bgr  fit=letterbox|topleft|stretch  pad=0..255
//                       scale=F|F:F:F  mean=F|F:F:F  std=F|F:F:F
// Numbers may be fractions (1/255). mean and std are in pixel units (0..255) and in the order the
// network sees the channels; std divides, so it replaces scale.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/detect/head.h"
#include "platform/result.h"

namespace pawl::engine {

struct HeadOverrides {
  std::string head = "auto";
  std::optional<bool> rgb;
  std::optional<Fit> fit;
  std::optional<uint8_t> pad_value;
  std::optional<std::array<float, 3>> mean, scale;
  std::vector<std::string> labels;  // of a labels file; empty: from the model
};

// kInvalidArgument with the names that exist.
platform::Status parse_head(std::string_view text, HeadOverrides* overrides);

// kInvalidArgument names the bad key or value and lists the valid ones. Later keys win; an empty
// text changes nothing.
platform::Status parse_pre(std::string_view text, HeadOverrides* overrides);

// The overrides on top of `spec`.
void apply_overrides(const HeadOverrides& overrides, PreprocessSpec* spec);

}  // namespace pawl::engine
