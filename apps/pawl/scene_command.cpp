// pawl scene: labelled pictures of the synthetic line.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "apps/pawl/command.h"
#include "apps/pawl/progress.h"
#include "apps/pawl/run_output.h"
#include "apps/pawl/text.h"
#include "platform/files.h"
#include "platform/imaging/images.h"
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

Status render_scene(const SceneArguments& arguments) {
  const fs::path out = arguments.out;
  PAWL_TRY(make_folder(out / "images"));
  PAWL_TRY(make_folder(out / "labels"));
  std::string classes;
  for (const char* name : platform::kDefectNames) classes += std::string(name) + '\n';
  PAWL_TRY(platform::replace_file(out / "classes.txt", std::string_view(classes)));

  platform::LineScene scene(arguments.line);
  const platform::LineOptions& line = scene.options();
  const int64_t stride = arguments.video ? 1 : scene.independent_stride();
  platform::Image image = platform::Image::blank(line.width, line.height);
  std::vector<platform::DefectLabel> labels;
  int64_t defects = 0;
  Progress progress("rendering", arguments.count);
  for (int64_t i = 0; i < arguments.count; ++i) {
    scene.render(i * stride, image.pixels.data(), image.stride, &labels);
    const std::string stem = printed("%06lld", static_cast<long long>(i));
    PAWL_TRY(platform::save_image(out / "images" / (stem + "." + arguments.format), image));
    PAWL_TRY(platform::replace_file(out / "labels" / (stem + ".txt"),
                                    std::string_view(yolo_text(labels, line.width, line.height))));
    defects += static_cast<int64_t>(labels.size());
    progress.advance(i + 1);
  }
  progress.clear();
  std::printf("%lld images of %dx%d with %lld labelled defects in %s\n",
              static_cast<long long>(arguments.count), line.width, line.height,
              static_cast<long long>(defects), arguments.out.c_str());
  return {};
}

}  // namespace

void add_scene(CLI::App* program, Action* action) {
  CLI::App* command =
      program->add_subcommand("scene", "Render labelled images of a synthetic production line");
  auto arguments = std::make_shared<SceneArguments>();
  platform::LineOptions* line = &arguments->line;
  command->add_option("--out", arguments->out, "Folder for images/, labels/ and classes.txt")
      ->required()
      ->option_text("DIR");
  command->add_option("--count", arguments->count, "Images")
      ->check(CLI::Range(int64_t{1}, int64_t{1'000'000}))
      ->option_text("N [100]");
  command->add_option("--seed", line->seed, "Equal seeds, equal images")->option_text("S [1]");
  command->add_option("--width", line->width, "160 to 3840 pixels")
      ->check(CLI::Range(160, 3840))
      ->option_text("W [1280]");
  command->add_option("--height", line->height, "90 to 2160 pixels")
      ->check(CLI::Range(90, 2160))
      ->option_text("H [720]");
  command->add_option("--drift", line->drift, "How far the light wanders, 0 to 1")
      ->check(CLI::Range(0.0, 1.0))
      ->option_text("SHARE [0.2]");
  command->add_option("--noise", line->noise, "Sensor noise, share of full scale")
      ->check(CLI::Range(0.0, 0.2))
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
