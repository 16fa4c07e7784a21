#include "apps/pawl/arguments.h"

#include <CLI/CLI.hpp>
#include <charconv>

#include "apps/pawl/text.h"
#include "platform/frame.h"

namespace pawl::program {
namespace {

constexpr int kThreadsMax = 256;
constexpr int kDetectionsMax = 100'000;

std::string default_text(float value) {
  return printed("SHARE [%g]", static_cast<double>(value));
}

}  // namespace

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
  command->add_option("--threads", options->threads, "0: one for each core this process may use")
      ->check(CLI::Range(0, kThreadsMax))
      ->option_text("N [0]");
}

void add_pin(CLI::App* command, engine::SessionOptions* options) {
  command->add_flag("--pin", options->pin,
                    "Keep each thread on a core of its own; for machines that do nothing else");
}

void add_thresholds(CLI::App* command, engine::SessionOptions* options) {
  command->add_option("--conf", options->confidence, "Keep scores of more than this, 0 to 1")
      ->check(CLI::Range(0.0, 1.0))
      ->option_text(default_text(options->confidence));
  command
      ->add_option("--iou", options->iou,
                   "Suppress boxes that overlap a better one by more, 0 to 1")
      ->check(CLI::Range(0.0, 1.0))
      ->option_text(default_text(options->iou));
  command->add_option("--max-det", options->detections_max, "Detections of a frame at most")
      ->check(CLI::Range(1, kDetectionsMax))
      ->option_text("N [" + std::to_string(options->detections_max) + "]");
}

}  // namespace pawl::program
