// pawl scene: labelled pictures of the synthetic line.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "apps/pawl/arguments.h"
#include "apps/pawl/command.h"
#include "apps/pawl/progress.h"
#include "apps/pawl/run_output.h"
#include "apps/pawl/text.h"
#include "platform/files.h"
#include "platform/imaging/images.h"
#include "platform/stop_signals.h"
#include "platform/synthetic/line_scene.h"

namespace pawl::program {
namespace {

namespace fs = std::filesystem;

struct SceneArguments {
  std::string out;
  int64_t count = 100;
  std::string format = "png";
  bool video = false;
  platform::LineOptions line;
};

std::string yolo_text(const std::vector<platform::DefectLabel>& labels, int width, int height) {
  const auto w = static_cast<double>(width);
  const auto h = static_cast<double>(height);
  std::string text;
  for (const platform::DefectLabel& label : labels) {
    const double x1 = static_cast<double>(label.x1), x2 = static_cast<double>(label.x2);
    const double y1 = static_cast<double>(label.y1), y2 = static_cast<double>(label.y2);
    text += printed("%d %.6f %.6f %.6f %.6f\n", label.class_id, (x1 + x2) / 2.0 / w,
                    (y1 + y2) / 2.0 / h, (x2 - x1) / w, (y2 - y1) / h);
  }
  return text;
}

// What is in the folder already is the user's, unless it is what this command writes: then it ended
// early or ran before.
Status check_own(const fs::path& path, std::span<const std::byte> expected) {
  const auto found = platform::read_file(path, expected.size());
  if (found.ok() && std::ranges::equal(found.value(), expected)) return {};
  return Error{Code::kInvalidArgument, path.string() +
                                           " exists and is not what these options make; it is left "
                                           "as it is, give another folder to --out"};
}

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

class SceneFolder {
 public:
  explicit SceneFolder(const SceneArguments& arguments)
      : arguments_(arguments),
        out_(arguments.out),
        scene_(arguments.line),
        image_(platform::Image::blank(line().width, line().height)),
        progress_("rendering", arguments.count) {
    for (const char* name : platform::kDefectNames) classes_ += std::string(name) + '\n';
  }

  Status write() {
    platform::stop_on_signals();
    PAWL_TRY(check_existing());
    PAWL_TRY(make_folder(out_ / "images"));
    PAWL_TRY(make_folder(out_ / "labels"));
    if (!is_there(out_ / kClasses)) PAWL_TRY(platform::replace_file(out_ / kClasses, classes_));
    for (int64_t i = 0; i < arguments_.count && !platform::stop_requested(); ++i) {
      if (there_.contains(i)) continue;
      PAWL_TRY(render(i));
      if (!is_there(image_path(i))) PAWL_TRY(platform::replace_file(image_path(i), picture_));
      if (!is_there(label_path(i))) PAWL_TRY(platform::replace_file(label_path(i), text_));
      count_picture();
    }
    progress_.clear();
    std::printf("%lld images of %dx%d with %lld labelled defects in %s\n",
                static_cast<long long>(pictures_), line().width, line().height,
                static_cast<long long>(defects_), arguments_.out.c_str());
    return {};
  }

 private:
  static constexpr const char* kClasses = "classes.txt";

  const platform::LineOptions& line() const { return scene_.options(); }
  std::string stem(int64_t i) const { return printed("%06lld", static_cast<long long>(i)); }
  fs::path image_path(int64_t i) const {
    return out_ / "images" / (stem(i) + "." + arguments_.format);
  }
  fs::path label_path(int64_t i) const { return out_ / "labels" / (stem(i) + ".txt"); }

  // Before anything is written: no file of another origin bears a name of ours.
  Status check_existing() {
    const auto classes = std::as_bytes(std::span(classes_));
    if (is_there(out_ / kClasses)) PAWL_TRY(check_own(out_ / kClasses, classes));
    for (int64_t i = 0; i < arguments_.count && !platform::stop_requested(); ++i) {
      const bool image = is_there(image_path(i)), label = is_there(label_path(i));
      if (!image && !label) continue;
      PAWL_TRY(render(i));
      if (image) PAWL_TRY(check_own(image_path(i), picture_));
      if (label) PAWL_TRY(check_own(label_path(i), std::as_bytes(std::span(text_))));
      if (!image || !label) continue;
      there_.insert(i);
      count_picture();
    }
    return {};
  }

  // Picture i and its labels, as the bytes of their files.
  Status render(int64_t i) {
    const int64_t stride = arguments_.video ? 1 : scene_.independent_stride();
    scene_.render(i * stride, image_.pixels.data(), image_.stride, &labels_);
    text_ = yolo_text(labels_, line().width, line().height);
    picture_ = PAWL_TRY(platform::encode_image(image_path(i), image_));
    return {};
  }

  void count_picture() {
    defects_ += static_cast<int64_t>(labels_.size());
    progress_.advance(++pictures_);
  }

  const SceneArguments& arguments_;
  const fs::path out_;
  platform::LineScene scene_;
  platform::Image image_;
  Progress progress_;
  std::string classes_;
  std::vector<platform::DefectLabel> labels_;
  std::string text_;  // of the labels
  std::vector<std::byte> picture_;
  std::set<int64_t> there_;  // pictures that need not be written again
  int64_t pictures_ = 0, defects_ = 0;
};

Status render_scene(const SceneArguments& arguments) {
  return SceneFolder(arguments).write();
}

}  // namespace

void add_scene(CLI::App* program, Action* action) {
  CLI::App* command =
      program->add_subcommand("scene", "Render labelled images of a synthetic production line");
  auto arguments = std::make_shared<SceneArguments>();
  platform::LineOptions* line = &arguments->line;
  named(command->add_option("--out", arguments->out,
                            "Folder for images/, labels/ and classes.txt; of files already there, "
                            "none is changed"))
      ->required()
      ->option_text("DIR");
  in_range(command->add_option("--count", arguments->count, "Images"), int64_t{1},
           int64_t{1'000'000})
      ->option_text("N [100]");
  in_range(command->add_option("--seed", line->seed, "Equal seeds, equal images"), uint64_t{0},
           ~uint64_t{0})
      ->option_text("S [1]");
  in_range(command->add_option("--width", line->width, "160 to 3840 pixels"), int64_t{160},
           int64_t{3840})
      ->option_text("W [1280]");
  in_range(command->add_option("--height", line->height, "90 to 2160 pixels"), int64_t{90},
           int64_t{2160})
      ->option_text("H [720]");
  in_range(command->add_option("--drift", line->drift, "How far the light wanders, 0 to 1"), 0.0,
           1.0)
      ->option_text("SHARE [0.2]");
  in_range(command->add_option("--noise", line->noise, "Sensor noise, share of full scale"), 0.0,
           0.2)
      ->option_text("SHARE [0.012]");
  command->add_option("--format", arguments->format, "Of the images")
      ->check(CLI::IsMember({"png", "jpg"}))
      ->option_text("png|jpg [png]");
  command->add_flag("--video", arguments->video,
                    "Consecutive frames instead of pictures that share no part");
  command->footer(
      "Example\n"
      "  pawl scene --out line/ --count 200 --seed 7\n"
      "  pawl eval model.pawl --images line/images --labels line/labels");
  command->callback(
      [arguments, action] { *action = [arguments] { return render_scene(*arguments); }; });
}

}  // namespace pawl::program
