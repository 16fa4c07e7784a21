#include "apps/pawl/arguments.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <string_view>
#include <system_error>
#include <type_traits>

#include "apps/pawl/text.h"
#include "platform/frame.h"

namespace pawl::program {
namespace {

constexpr int64_t kThreadsMax = 256;
constexpr int64_t kDetectionsMax = 100'000;

std::string default_text(float value) {
  return printed("SHARE [%g]", static_cast<double>(value));
}

template <typename Number>
CLI::Option* in_range_of(CLI::Option* option, Number low, Number high) {
  const auto shown = [](Number number) {
    if constexpr (std::is_integral_v<Number>) return std::to_string(number);
    return printed("%g", static_cast<double>(number));
  };
  const std::string range = shown(low) + " to " + shown(high);
  const auto check = [low, high, range](std::string& text) -> std::string {
    const std::string_view digits = std::string_view(text).substr(text.starts_with('+') ? 1 : 0);
    Number number{};
    const auto [end, failure] =
        std::from_chars(digits.data(), digits.data() + digits.size(), number);
    // Written so that NaN fails.
    const bool fits = failure == std::errc{} && end == digits.data() + digits.size() &&
                      number >= low && number <= high;
    if (!fits) return text + " is not a number from " + range;
    // Read as decimal by us; the parser would take a leading zero for octal.
    if constexpr (std::is_integral_v<Number>) text = std::to_string(number);
    return {};
  };
  return option->transform(CLI::Validator(check, "", "in range"));
}

}  // namespace

CLI::Option* in_range(CLI::Option* option, double low, double high) {
  return in_range_of(option, low, high);
}
CLI::Option* in_range(CLI::Option* option, int64_t low, int64_t high) {
  return in_range_of(option, low, high);
}
CLI::Option* in_range(CLI::Option* option, uint64_t low, uint64_t high) {
  return in_range_of(option, low, high);
}

CLI::Option* named(CLI::Option* option) {
  const auto check = [](std::string& text) -> std::string {
    return text.empty() ? "an empty text is no name" : "";
  };
  return option->check(CLI::Validator(check, "", "named"));
}

engine::InputSize parse_size(const std::string& option, const std::string& text) {
  engine::InputSize size;
  const char* const last = text.data() + text.size();
  const auto [cross, bad_width] = std::from_chars(text.data(), last, size.width);
  const bool has_cross = bad_width == std::errc{} && cross != last && *cross == 'x';
  const auto [end, bad_height] = std::from_chars(has_cross ? cross + 1 : last, last, size.height);
  if (!has_cross || bad_height != std::errc{} || end != last || size.width < 1 || size.height < 1 ||
      size.width > platform::kImageSideMax || size.height > platform::kImageSideMax) {
    throw CLI::ValidationError(option, text + " is not WIDTHxHEIGHT, such as 640x384");
  }
  return size;
}

void add_threads(CLI::App* command, engine::SessionOptions* options) {
  in_range(
      command->add_option("--threads", options->threads,
                          "0: one for each physical core this process may use, fewer where its "
                          "CPU quota is smaller"),
      int64_t{0}, kThreadsMax)
      ->option_text("N [0]");
}

void add_pin(CLI::App* command, engine::SessionOptions* options) {
  command->add_flag("--pin", options->pin,
                    "Keep each thread on a core of its own; for machines that do nothing else");
}

void add_copy(CLI::App* command, engine::ArtifactOptions* options) {
  command->add_flag("--copy", options->copy,
                    "Read the artifact into memory first. Without it the file is mapped: an update "
                    "must then replace it by renaming a new file over it, and never write into it");
}

void add_thresholds(CLI::App* command, engine::SessionOptions* options) {
  in_range(
      command->add_option("--conf", options->confidence, "Keep scores of more than this, 0 to 1"),
      0.0, 1.0)
      ->option_text(default_text(options->confidence));
  in_range(command->add_option("--iou", options->iou,
                               "Suppress boxes that overlap a better one by more, 0 to 1"),
           0.0, 1.0)
      ->option_text(default_text(options->iou));
  in_range(
      command->add_option("--max-det", options->detections_max, "Detections of a frame at most"),
      int64_t{1}, kDetectionsMax)
      ->option_text("N [" + std::to_string(options->detections_max) + "]");
}

}  // namespace pawl::program
