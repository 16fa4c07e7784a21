// pawl eval: mean average precision on labelled images.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "apps/pawl/arguments.h"
#include "apps/pawl/command.h"
#include "apps/pawl/device_notice.h"
#include "apps/pawl/file_guard.h"
#include "apps/pawl/labelled_images.h"
#include "apps/pawl/progress.h"
#include "apps/pawl/run_output.h"
#include "apps/pawl/text.h"
#include "engine/runtime/session.h"
#include "platform/stop_signals.h"

namespace pawl::program {
namespace {

struct EvalArguments {
  std::string model, images, labels;
  bool json = false;
  engine::SessionOptions session = kEvaluation;
};

std::string share(double value) {
  return printed("%.4f", value);
}

void print_text(const engine::Artifact& artifact, const LabelSet& labels, size_t images,
                const Metric& metric, const StageSeries& series) {
  std::printf("%s, %lld %s boxes", counted(images, "image").c_str(),
              static_cast<long long>(labels.boxes), label_format_name(labels.format));
  if (labels.images_without_labels > 0) {
    std::printf(", %lld images without labels (taken as showing nothing)",
                static_cast<long long>(labels.images_without_labels));
  }
  std::printf("\n");
  TextTable table(
      {"class", "images", "boxes", "mAP50", "mAP50-95", "precision", "recall", "at score"});
  for (const ClassMetric& one : metric.classes) {
    table.add({class_name(artifact, one.class_id), std::to_string(one.images),
               std::to_string(one.truths), share(one.map50), share(one.map50_95),
               share(one.precision), share(one.recall), printed("%.3f", one.threshold)});
  }
  table.add({"all", "", "", share(metric.map50), share(metric.map50_95), share(metric.precision),
             share(metric.recall), ""});
  std::fputs(table.str().c_str(), stdout);
  std::fputs(series.table().c_str(), stdout);
}

void print_json(const EvalArguments& arguments, const engine::Artifact& artifact,
                const LabelSet& labels, size_t images, const Metric& metric,
                const StageSeries& series) {
  Json classes = Json::array();
  for (const ClassMetric& one : metric.classes) {
    classes.push_back({{"class_id", one.class_id},
                       {"class", class_name(artifact, one.class_id)},
                       {"images", one.images},
                       {"boxes", one.truths},
                       {"map50", rounded(one.map50, 6)},
                       {"map50_95", rounded(one.map50_95, 6)},
                       {"precision", rounded(one.precision, 6)},
                       {"recall", rounded(one.recall, 6)},
                       {"f1", rounded(one.f1, 6)},
                       {"threshold", rounded(one.threshold, 6)}});
  }
  const Json json = {{"model", arguments.model},
                     {"labels", label_format_name(labels.format)},
                     {"images", images},
                     {"boxes", labels.boxes},
                     {"images_without_labels", labels.images_without_labels},
                     {"conf", rounded(static_cast<double>(arguments.session.confidence), 6)},
                     {"iou", rounded(static_cast<double>(arguments.session.iou), 6)},
                     {"map50", rounded(metric.map50, 6)},
                     {"map50_95", rounded(metric.map50_95, 6)},
                     {"precision", rounded(metric.precision, 6)},
                     {"recall", rounded(metric.recall, 6)},
                     {"classes", std::move(classes)},
                     {"ms", series.json()}};
  std::fputs(json_text(json).c_str(), stdout);
}

Status eval_model(const EvalArguments& arguments) {
  FileGuard guard;
  PAWL_TRY(guard.reads("the artifact", arguments.model));
  PAWL_TRY(guard.reads_labels("the file of --labels", arguments.labels));
  const auto artifact = PAWL_TRY(engine::Artifact::open(arguments.model));
  auto images = PAWL_TRY(LabelledImages::open(arguments.images, arguments.labels, artifact));
  auto session = PAWL_TRY(engine::Session::create(artifact, arguments.session));
  DeviceNotice notice("eval");
  notice.check(session);
  StageSeries series;
  platform::stop_on_signals();
  Progress progress("images", static_cast<int64_t>(images.count()));
  const Metric metric = PAWL_TRY(images.evaluate(&session, &series, [&progress](size_t done) {
    progress.advance(static_cast<int64_t>(done));
  }));
  progress.clear();
  notice.check(session);
  for (const std::string& remark : images.remarks()) {
    std::fprintf(stderr, "pawl eval: %s\n", remark.c_str());
  }
  const size_t seen = series.count();
  if (seen == 0) return Error{Code::kIo, "stopped before the first image"};
  if (seen < images.count()) {
    std::fprintf(stderr, "pawl eval: stopped after %zu of %zu images\n", seen, images.count());
  }
  if (arguments.json) {
    print_json(arguments, artifact, images.labels(), seen, metric, series);
  } else {
    print_text(artifact, images.labels(), seen, metric, series);
  }
  return {};
}

}  // namespace

void add_eval(CLI::App* program, Action* action) {
  CLI::App* command = program->add_subcommand("eval", "Measure accuracy on labelled images");
  auto arguments = std::make_shared<EvalArguments>();
  named(command->add_option("model", arguments->model, "The artifact"))
      ->required()
      ->option_text("FILE.pawl");
  named(command->add_option("--images", arguments->images, "Folder of images"))
      ->required()
      ->option_text("DIR");
  named(command->add_option("--labels", arguments->labels,
                            "Folder of VOC .xml or YOLO .txt files, or a COCO .json"))
      ->required()
      ->option_text("DIR|FILE");
  add_thresholds(command, &arguments->session);
  add_threads(command, &arguments->session);
  command->add_flag("--json", arguments->json, "Print as JSON");
  command->footer(
      "COCO's definition: 101 recall points, IoU 0.50 to 0.95, 100 detections an image and class;\n"
      "precision and recall are at IoU 0.5 and the score where F1 is greatest.\n"
      "Example\n"
      "  pawl eval model.pawl --images val/images --labels val/labels --json");
  command->callback(
      [arguments, action] { *action = [arguments] { return eval_model(*arguments); }; });
}

}  // namespace pawl::program
