// The synthetic line as a camera.
#include <charconv>
#include <chrono>
#include <cmath>
#include <thread>
#include <utility>

#include "platform/imaging/camera_kinds.h"
#include "platform/synthetic/line_scene.h"

namespace pawl::platform {
namespace {

struct SyntheticSettings {
  LineOptions line;
  int64_t count = -1;  // frames; -1: endless
};

template <typename Number>
Status parse(std::string_view key, std::string_view text, Number low, Number high, Number* value) {
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), *value);
  if (failure == std::errc{} && end == text.data() + text.size() && *value >= low &&
      *value <= high) {
    return {};
  }
  const auto shown = [](Number number) {
    std::string digits = std::to_string(number);
    if (digits.find('.') == std::string::npos) return digits;
    digits.erase(digits.find_last_not_of('0') + 1);
    if (digits.back() == '.') digits.pop_back();
    return digits;
  };
  return Error{Code::kInvalidArgument, "synthetic://: " + std::string(key) + "=" +
                                           std::string(text) + " is not a number from " +
                                           shown(low) + " to " + shown(high)};
}

// The ranges are those of LineOptions, which would clamp silently.
Status set(std::string_view key, std::string_view text, SyntheticSettings* settings) {
  LineOptions& line = settings->line;
  if (key == "seed") return parse<uint64_t>(key, text, 0, ~uint64_t{0}, &line.seed);
  if (key == "width") return parse(key, text, 160, 3840, &line.width);
  if (key == "height") return parse(key, text, 90, 2160, &line.height);
  if (key == "fps") return parse(key, text, 1.0F, 1000.0F, &line.fps);
  if (key == "speed") return parse(key, text, 0.0F, 5000.0F, &line.speed);
  if (key == "drift") return parse(key, text, 0.0F, 1.0F, &line.drift);
  if (key == "noise") return parse(key, text, 0.0F, 0.2F, &line.noise);
  if (key == "blur") return parse(key, text, 0.0F, 1.0F, &line.blur);
  if (key == "defects") return parse(key, text, 0.0F, 1.0F, &line.defect_rate);
  if (key == "count") {
    return parse(key, text, int64_t{1}, int64_t{1} << 40, &settings->count);
  }
  return Error{Code::kInvalidArgument,
               "synthetic://: unknown key " + std::string(key) +
                   "; known are seed, fps, drift, noise, speed, blur, defects, width, height, "
                   "count"};
}

Result<SyntheticSettings> parse_query(std::string_view query) {
  SyntheticSettings settings;
  while (!query.empty()) {
    const size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
    const size_t equals = pair.find('=');
    if (equals == std::string_view::npos) {
      return Error{Code::kInvalidArgument,
                   "synthetic://: " + std::string(pair) + " is not key=value"};
    }
    PAWL_TRY(set(pair.substr(0, equals), pair.substr(equals + 1), &settings));
  }
  return settings;
}

class SyntheticCamera final : public Camera {
 public:
  SyntheticCamera(const SyntheticSettings& settings, Pace pace, std::string uri)
      : scene_(settings.line),
        count_(settings.count),
        pace_(pace),
        uri_(std::move(uri)),
        image_(Image::blank(scene_.options().width, scene_.options().height)) {}

  Result<bool> next(Frame* frame) override {
    if (count_ >= 0 && index_ >= count_) return false;
    scene_.render(index_, image_.pixels.data(), image_.stride, nullptr);
    if (pace_ == Pace::kRealTime) wait_for_turn();
    *frame = image_.frame();
    frame->sequence = static_cast<uint64_t>(index_++);
    frame->capture_ns = monotonic_ns();
    return true;
  }

  const std::string& source() const override { return uri_; }
  double fps() const override { return static_cast<double>(scene_.options().fps); }
  int64_t frame_count() const override { return count_; }

 private:
  // Frame i is due i periods after the first; a late frame is given at once, as a camera would.
  void wait_for_turn() {
    using Clock = std::chrono::steady_clock;
    if (index_ == 0) start_ = Clock::now();
    const double due = static_cast<double>(index_) / fps();
    std::this_thread::sleep_until(
        start_ + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(due)));
  }

  LineScene scene_;
  int64_t count_;
  Pace pace_;
  std::string uri_;
  Image image_;
  int64_t index_ = 0;
  std::chrono::steady_clock::time_point start_;
};

}  // namespace

Result<std::unique_ptr<Camera>> open_synthetic_camera(std::string_view query,
                                                      const CameraOptions& options) {
  const SyntheticSettings settings = PAWL_TRY(parse_query(query));
  std::string uri = "synthetic://";
  if (!query.empty()) uri.append("?").append(query);
  return std::unique_ptr<Camera>(
      std::make_unique<SyntheticCamera>(settings, options.pace, std::move(uri)));
}

}  // namespace pawl::platform
