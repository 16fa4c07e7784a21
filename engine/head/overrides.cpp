#include "engine/head/overrides.h"

#include <charconv>
#include <cmath>

#include "engine/head/head_table.h"
#include "engine/head/wording.h"

namespace pawl::engine {
namespace {

using platform::Code;
using platform::Error;
using platform::Result;
using platform::Status;

constexpr const char* kPreKeys =
    "color=rgb|bgr, fit=letterbox|topleft|stretch, pad=0..255, scale=F or F:F:F, mean=F or F:F:F, "
    "std=F or F:F:F";
constexpr float kLargestNumber = 1e6F;

Error bad_value(std::string_view key, std::string_view value, const char* wanted) {
  return {Code::kInvalidArgument, "--pre " + std::string(key) + "=" + quote(value) + ": " + wanted};
}

std::optional<float> parse_plain(std::string_view text) {
  float value = 0.0F;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (!std::isfinite(value) || std::fabs(value) > kLargestNumber) return std::nullopt;
  return value;
}

// A number or a fraction.
std::optional<float> parse_number(std::string_view text) {
  const size_t slash = text.find('/');
  const std::optional<float> top = parse_plain(text.substr(0, slash));
  if (slash == std::string_view::npos || !top) return top;
  const std::optional<float> bottom = parse_plain(text.substr(slash + 1));
  if (!bottom || *bottom == 0.0F) return std::nullopt;
  const float value = *top / *bottom;
  if (!std::isfinite(value) || std::fabs(value) > kLargestNumber) return std::nullopt;
  return value;
}

// One number for all channels, or three.
std::optional<std::array<float, 3>> parse_channels(std::string_view text) {
  std::array<float, 3> values{};
  size_t count = 0;
  while (true) {
    const size_t colon = text.find(':');
    const std::optional<float> value = parse_number(text.substr(0, colon));
    if (!value || count == values.size()) return std::nullopt;
    values[count++] = *value;
    if (colon == std::string_view::npos) break;
    text.remove_prefix(colon + 1);
  }
  if (count == 1) values.fill(values[0]);
  if (count == 2) return std::nullopt;
  return values;
}

Status set_numbers(std::string_view key, std::string_view value, HeadOverrides* overrides) {
  std::optional<std::array<float, 3>> numbers = parse_channels(value);
  if (!numbers) {
    return bad_value(key, value,
                     "one number or three with ':' between, such as 1/255 or 58.4:57.1:57.4");
  }
  if (key == "mean") {
    overrides->mean = numbers;
    return {};
  }
  for (float& number : *numbers) {
    if (number == 0.0F) return bad_value(key, value, "zero would blank the image");
    if (key == "std") number = 1.0F / number;
  }
  overrides->scale = numbers;
  return {};
}

Status set_pair(std::string_view key, std::string_view value, HeadOverrides* overrides) {
  if (key == "color" || key == "colour") {
    if (value != "rgb" && value != "bgr") return bad_value(key, value, "rgb or bgr");
    overrides->rgb = value == "rgb";
    return {};
  }
  if (key == "fit") {
    if (value == "letterbox") {
      overrides->fit = Fit::kLetterboxCentred;
    } else if (value == "topleft") {
      overrides->fit = Fit::kLetterboxTopLeft;
    } else if (value == "stretch") {
      overrides->fit = Fit::kStretch;
    } else {
      return bad_value(key, value, "letterbox, topleft or stretch");
    }
    return {};
  }
  if (key == "pad") {
    uint8_t pad = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), pad);
    if (error != std::errc{} || end != value.data() + value.size()) {
      return bad_value(key, value, "a whole number from 0 to 255");
    }
    overrides->pad_value = pad;
    return {};
  }
  if (key == "scale" || key == "mean" || key == "std") return set_numbers(key, value, overrides);
  return Error{Code::kInvalidArgument,
               "--pre: unknown key " + quote(key) + "; valid are " + kPreKeys};
}

}  // namespace

Status parse_head(std::string_view text, HeadOverrides* overrides) {
  if (text == "auto") {
    overrides->head = "auto";
    return {};
  }
  const HeadFamily* family = find_head_family(text);
  if (family == nullptr) {
    return Error{Code::kInvalidArgument,
                 "--head: unknown head " + quote(text) + "; valid are " + head_family_names()};
  }
  overrides->head = family->name;
  return {};
}

Status parse_pre(std::string_view text, HeadOverrides* overrides) {
  // Into a copy: a text with an error changes nothing.
  HeadOverrides changed = *overrides;
  bool has_scale = false;
  bool has_std = false;
  while (!text.empty()) {
    const size_t comma = text.find(',');
    const std::string_view pair = text.substr(0, comma);
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
    const size_t equals = pair.find('=');
    if (equals == std::string_view::npos) {
      return Error{Code::kInvalidArgument,
                   "--pre: " + quote(pair) + " is not KEY=VALUE; valid are " + kPreKeys};
    }
    const std::string_view key = pair.substr(0, equals);
    PAWL_TRY(set_pair(key, pair.substr(equals + 1), &changed));
    has_scale = has_scale || key == "scale";
    has_std = has_std || key == "std";
  }
  if (has_scale && has_std) {
    return Error{Code::kInvalidArgument,
                 "--pre: scale and std exclude each other: pixels are (value - mean) * scale, or "
                 "(value - mean) / std"};
  }
  *overrides = changed;
  return {};
}

void apply_overrides(const HeadOverrides& overrides, PreprocessSpec* spec) {
  if (overrides.rgb) spec->rgb = *overrides.rgb;
  if (overrides.fit) spec->fit = *overrides.fit;
  if (overrides.pad_value) spec->pad_value = *overrides.pad_value;
  for (size_t c = 0; c < 3; ++c) {
    if (overrides.mean) spec->mean[c] = (*overrides.mean)[c];
    if (overrides.scale) spec->scale[c] = (*overrides.scale)[c];
  }
}

}  // namespace pawl::engine
