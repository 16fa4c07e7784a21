// pawl run: frames to detections.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apps/pawl/arguments.h"
#include "apps/pawl/command.h"
#include "apps/pawl/device_notice.h"
#include "apps/pawl/file_guard.h"
#include "apps/pawl/latency.h"
#include "apps/pawl/progress.h"
#include "apps/pawl/run_output.h"
#include "apps/pawl/text.h"
#include "engine/runtime/session.h"
#include "platform/imaging/camera.h"
#include "platform/imaging/image_folder.h"
#include "platform/stop_signals.h"

namespace pawl::program {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kImagesListedMax = 20;  // of larger sets only the summary is printed

struct RunArguments {
  std::string model, input, json, annotate, raw;
  int64_t frames = 0;  // 0: all
  int64_t annotate_every = 1;
  engine::ArtifactOptions artifact;
  engine::SessionOptions session;
};

// The files behind an input that is a set of pictures; none of any other.
Result<std::vector<fs::path>> picture_files(const fs::path& input) {
  std::error_code ignored;
  if (fs::is_directory(input, ignored)) return PAWL_TRY(platform::list_images(input)).images;
  if (platform::is_image_file(input)) return std::vector<fs::path>{input};
  return std::vector<fs::path>();
}

// Every file the run writes, held against what it reads. Those of a set of pictures are known
// beforehand; those of a camera are checked as their frames come.
Status guard_outputs(const RunArguments& arguments, const engine::Session& session,
                     FileGuard* guard) {
  constexpr std::string_view kDevice = "v4l2://";
  const std::string_view input = arguments.input;
  PAWL_TRY(guard->reads("the artifact", arguments.model));
  PAWL_TRY(guard->reads_pictures("the input",
                                 input.substr(input.starts_with(kDevice) ? kDevice.size() : 0)));
  if (arguments.json != "-") PAWL_TRY(guard->writes("--json", arguments.json));
  const std::vector<fs::path> pictures = PAWL_TRY(picture_files(arguments.input));
  std::vector<std::string> annotated, raw;
  for (const fs::path& picture : pictures) {
    const std::string name = frame_name(picture.string(), true, 0);
    annotated.push_back(annotated_name(name));
    for (std::string& file : raw_names(name, session.artifact())) raw.push_back(std::move(file));
  }
  if (!arguments.annotate.empty()) {
    PAWL_TRY(guard->writes_into("--annotate", arguments.annotate, annotated));
  }
  if (!arguments.raw.empty()) PAWL_TRY(guard->writes_into("--raw", arguments.raw, raw));
  return {};
}

class Run {
 public:
  Run(const RunArguments& arguments, const FileGuard& guard, engine::Session session,
      std::unique_ptr<platform::Camera> camera, std::optional<LineFile> lines)
      : arguments_(arguments),
        guard_(guard),
        session_(std::move(session)),
        camera_(std::move(camera)),
        lines_(std::move(lines)),
        progress_("frames", expected_frames()) {
    // Text goes where it does not mix with JSON lines.
    text_ = lines_ && lines_->is_stdout() ? stderr : stdout;
    lists_images_ = camera_->is_image_set() && camera_->frame_count() <= kImagesListedMax;
  }

  Status frames() {
    platform::stop_on_signals();
    start_ = std::chrono::steady_clock::now();
    while (!platform::stop_requested() && (arguments_.frames == 0 || tried_ < arguments_.frames)) {
      platform::Frame frame;
      auto more = camera_->next(&frame);
      if (!more.ok()) {
        PAWL_TRY(skip(std::move(more).error()));
        continue;
      }
      if (!more.value()) break;
      ++tried_;
      PAWL_TRY(one_frame(frame).context(camera_->source()));
      progress_.advance(tried_);
    }
    progress_.clear();
    if (lines_) PAWL_TRY(lines_->finish());
    print_summary();
    if (tried_ == 0 && platform::stop_requested()) {
      return Error{Code::kIo, "stopped before the first frame"};
    }
    if (tried_ == 0) return Error{Code::kCorrupt, arguments_.input + ": no frames in it"};
    if (skipped_ == 0) return {};
    return Error{Code::kCorrupt, std::to_string(skipped_) + " of " +
                                     counted(static_cast<uint64_t>(tried_), "image") +
                                     " could not be read"};
  }

 private:
  int64_t expected_frames() const {
    const int64_t count = camera_->frame_count();
    if (count < 0 || arguments_.frames == 0) return count < 0 ? arguments_.frames : count;
    return std::min(count, arguments_.frames);
  }

  // A bad image of a folder does not keep the others from being inspected.
  Status skip(Error error) {
    if (!camera_->skips_errors() || camera_->frame_count() == 1) return error;
    ++tried_;
    ++skipped_;
    progress_.clear();
    std::fprintf(stderr, "pawl run: %s (skipped)\n", error.message.c_str());
    return {};
  }

  Status one_frame(const platform::Frame& frame) {
    const std::string name = frame_name(camera_->source(), camera_->is_image_set(), frame.sequence);
    if (!arguments_.raw.empty()) {
      const fs::path folder = arguments_.raw;
      const std::vector<std::string> files = raw_names(name, session_.artifact());
      for (const std::string& file : files) PAWL_TRY(guard_.check("--raw", folder / file));
      PAWL_TRY(write_raw(folder, files, frame, &session_));
      if (session_.artifact().head().present == 0) return {};
    }
    const auto detections = PAWL_TRY(session_.detect(frame));
    notice_.check(session_);
    series_.add(session_.times());
    for (const engine::Detection& d : detections) ++per_class_[d.class_id];
    if (lines_) {
      PAWL_TRY(lines_->write(json_line(detections_json(session_.artifact(), camera_->source(),
                                                       frame, detections, session_.times()))));
    }
    if (!arguments_.annotate.empty() && (tried_ - 1) % arguments_.annotate_every == 0) {
      const fs::path file = fs::path(arguments_.annotate) / annotated_name(name);
      PAWL_TRY(guard_.check("--annotate", file));
      PAWL_TRY(annotate(file, session_.artifact(), frame, detections));
    }
    if (lists_images_) print_detections(name, frame, detections);
    return {};
  }

  void print_detections(const std::string& name, const platform::Frame& frame,
                        std::span<const engine::Detection> detections) {
    progress_.clear();
    std::fprintf(text_, "%s  %dx%d  %s\n", name.c_str(), frame.width, frame.height,
                 counted(detections.size(), "detection").c_str());
    TextTable table({"class", "score", "x1", "y1", "x2", "y2"});
    for (const engine::Detection& d : detections) {
      const auto pixel = [](float v) { return printed("%.1f", static_cast<double>(v)); };
      table.add({class_name(session_.artifact(), d.class_id),
                 printed("%.3f", static_cast<double>(d.score)), pixel(d.x1), pixel(d.y1),
                 pixel(d.x2), pixel(d.y2)});
    }
    if (!table.empty()) std::fprintf(text_, "%s\n", table.str().c_str());
  }

  void print_summary() {
    if (series_.count() == 0) return;
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    const auto count = static_cast<double>(series_.count());
    std::fprintf(text_, "%s in %.2f s, %.1f a second with input and output, %s\n",
                 counted(series_.count(), "frame").c_str(), seconds,
                 count / std::max(1e-9, seconds),
                 counted(static_cast<uint64_t>(session_.threads()), "thread").c_str());
    std::fputs(series_.table().c_str(), text_);
    TextTable classes({"class", "detections", "a frame"});
    for (const auto& [class_id, total] : per_class_) {
      classes.add({class_name(session_.artifact(), class_id), std::to_string(total),
                   printed("%.2f", static_cast<double>(total) / count)});
    }
    std::fputs(classes.empty() ? "no detections\n" : classes.str().c_str(), text_);
  }

  const RunArguments& arguments_;
  const FileGuard& guard_;
  engine::Session session_;
  std::unique_ptr<platform::Camera> camera_;
  std::optional<LineFile> lines_;
  Progress progress_;
  std::FILE* text_ = stdout;
  bool lists_images_ = false;
  std::chrono::steady_clock::time_point start_;
  int64_t tried_ = 0;
  int64_t skipped_ = 0;
  DeviceNotice notice_{"run"};
  StageSeries series_;
  std::map<int32_t, int64_t> per_class_;
};

Status run_model(const RunArguments& arguments) {
  const auto artifact = PAWL_TRY(engine::Artifact::open(arguments.model, arguments.artifact));
  if (artifact.head().present == 0 && arguments.raw.empty()) {
    return Error{Code::kUnsupported, arguments.model +
                                         ": compiled with --head none, so there are no "
                                         "detections; --raw DIR writes its outputs"};
  }
  auto session = PAWL_TRY(engine::Session::create(artifact, arguments.session));
  session.pool()->pin_caller();
  FileGuard guard;
  PAWL_TRY(guard_outputs(arguments, session, &guard));
  auto camera = PAWL_TRY(platform::Camera::open(arguments.input));
  if (!camera->remark().empty()) std::fprintf(stderr, "pawl run: %s\n", camera->remark().c_str());
  if (!arguments.annotate.empty()) PAWL_TRY(make_folder(arguments.annotate));
  if (!arguments.raw.empty()) PAWL_TRY(make_folder(arguments.raw));
  std::optional<LineFile> lines;
  if (!arguments.json.empty()) lines.emplace(PAWL_TRY(LineFile::open(arguments.json)));
  Run run(arguments, guard, std::move(session), std::move(camera), std::move(lines));
  return run.frames();
}

}  // namespace

void add_run(CLI::App* program, Action* action) {
  CLI::App* command = program->add_subcommand("run", "Detect in images, video or a camera");
  auto arguments = std::make_shared<RunArguments>();
  named(command->add_option("model", arguments->model, "The artifact"))
      ->required()
      ->option_text("FILE.pawl");
  named(command->add_option("--input", arguments->input,
                            "Image, folder, video, v4l2:///dev/video0, rtsp://..., gst:PIPELINE or "
                            "synthetic://?seed=1&fps=25&drift=0.2"))
      ->required()
      ->option_text("SOURCE");
  add_thresholds(command, &arguments->session);
  add_threads(command, &arguments->session);
  add_pin(command, &arguments->session);
  add_copy(command, &arguments->artifact);
  named(command->add_option("--json", arguments->json,
                            "One JSON object a frame to this file, which appears at the end, or to "
                            "a FIFO or device at once; - prints"))
      ->option_text("FILE");
  named(command->add_option("--annotate", arguments->annotate,
                            "Folder for pictures with boxes drawn; not that of the input"))
      ->option_text("DIR");
  in_range(command->add_option("--annotate-every", arguments->annotate_every,
                               "Draw every N-th frame only"),
           int64_t{1}, int64_t{1} << 40)
      ->option_text("N [1]");
  named(command->add_option("--raw", arguments->raw,
                            "Folder for network inputs (and outputs, of --head none) as .npy"))
      ->option_text("DIR");
  in_range(command->add_option("--frames", arguments->frames, "Stop after this many"), int64_t{1},
           int64_t{1} << 40)
      ->option_text("N");
  command->footer(
      "SIGINT, SIGTERM and SIGHUP end a run early with its results; a second one ends it at once.\n"
      "Examples\n"
      "  pawl run model.pawl --input photo.jpg\n"
      "  pawl run model.pawl --input photos/ --annotate marked/ --json -\n"
      "  pawl run model.pawl --input 'synthetic://?seed=1&fps=25' --frames 250");
  command->callback(
      [arguments, action] { *action = [arguments] { return run_model(*arguments); }; });
}

}  // namespace pawl::program
