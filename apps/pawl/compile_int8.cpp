#include "apps/pawl/compile_int8.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <filesystem>

#include "apps/pawl/arguments.h"
#include "apps/pawl/text.h"
#include "engine/artifact/artifact.h"
#include "engine/runtime/session.h"

namespace pawl::program {
namespace {

using platform::Result;
using platform::Status;

constexpr double kPoints = 100.0;  // mAP 0.01 is one

std::string folder_name(const std::string& path) {
  const std::filesystem::path folder(path);
  return (folder.has_filename() ? folder : folder.parent_path()).filename().string();
}

}  // namespace

void add_int8_options(CLI::App* command, Int8Arguments* arguments) {
  command->add_flag("--int8", arguments->int8, "8-bit weights and activations; needs --calib");
  named(command->add_option("--calib", arguments->calibration, "Images to calibrate --int8 on"))
      ->option_text("DIR");
  command
      ->add_option("--scales", arguments->scales,
                   "Activation scales: calibrate, or from-model (those that a quantized model file "
                   "declares; the others are calibrated)")
      ->check(CLI::IsMember({"calibrate", "from-model"}))
      ->option_text("FROM [calibrate]");
  named(command->add_option(
            "--calib-labels", arguments->calibration_labels,
            "Their labels, as `pawl eval` reads them: accuracy is measured on these images"))
      ->option_text("DIR|FILE");
  named(command->add_option("--val", arguments->validation,
                            "Images to measure accuracy on; better than those calibrated on"))
      ->option_text("DIR");
  named(command->add_option("--val-labels", arguments->validation_labels, "Their labels"))
      ->option_text("DIR|FILE");
  in_range(command->add_option(
               "--max-drop", arguments->max_drop,
               "Keep layers in float until mAP50-95 is at most this many points (0.01 of mAP) "
               "below float; needs labels"),
           0.0, 100.0)
      ->option_text("POINTS");
  in_range(command->add_option(
               "--min-sqnr", arguments->min_sqnr_db,
               "The same without labels: until the outputs' signal is this far above their "
               "error, on --val or on every fourth calibration image, held out"),
           0.0, 300.0)
      ->option_text("DB");
  command->add_flag("--layers", arguments->layers, "List every layer of --int8");
  named(command->add_option("--report", arguments->report, "Write what --int8 did to every layer"))
      ->option_text("FILE.html");
}

void check_int8(const Int8Arguments& arguments) {
  const auto reject = [](bool wrong, const char* why) {
    if (wrong) throw CLI::ValidationError(why, CLI::ExitCodes::ValidationError);
  };
  const bool labels = !arguments.calibration_labels.empty() || !arguments.validation_labels.empty();
  reject(arguments.int8 && arguments.calibration.empty(),
         "--int8 needs --calib DIR: images of what the camera will see");
  const std::pair<bool, const char*> only_with_int8[] = {
      {!arguments.calibration.empty(), "--calib needs --int8"},
      {!arguments.scales.empty(), "--scales needs --int8"},
      {!arguments.calibration_labels.empty(), "--calib-labels needs --int8"},
      {!arguments.validation.empty(), "--val needs --int8"},
      {!arguments.validation_labels.empty(), "--val-labels needs --int8"},
      {arguments.max_drop.has_value(), "--max-drop needs --int8"},
      {arguments.min_sqnr_db.has_value(), "--min-sqnr needs --int8"},
      {arguments.layers, "--layers needs --int8"},
      {!arguments.report.empty(), "--report needs --int8"},
  };
  for (const auto& [given, why] : only_with_int8) reject(given && !arguments.int8, why);
  reject(!arguments.calibration_labels.empty() && !arguments.validation_labels.empty(),
         "--calib-labels and --val-labels: give one, the images accuracy is measured on");
  reject(!arguments.validation_labels.empty() && arguments.validation.empty(),
         "--val-labels needs --val DIR, the images they belong to");
  reject(!arguments.calibration_labels.empty() && !arguments.validation.empty(),
         "--calib-labels measures on the calibration images, --val on others; give --val-labels "
         "for these");
  reject(arguments.max_drop.has_value() && arguments.min_sqnr_db.has_value(),
         "--max-drop and --min-sqnr: give one");
  reject(arguments.max_drop.has_value() && !labels,
         "--max-drop counts points of mAP50-95, which needs labels: --val DIR --val-labels DIR, or "
         "--calib-labels DIR; without labels give --min-sqnr DB");
  reject(arguments.min_sqnr_db.has_value() && labels,
         "--min-sqnr is for images without labels; with them give --max-drop POINTS");
}

Result<std::unique_ptr<Int8Job>> Int8Job::open(const Int8Arguments& arguments) {
  auto calibration = PAWL_TRY(CalibrationFolder::open(arguments.calibration));
  const std::string sha256 = PAWL_TRY(calibration.sha256());
  CalibrationFolder measured;
  if (!arguments.validation.empty()) {
    measured = PAWL_TRY(CalibrationFolder::open(arguments.validation));
  } else if (arguments.min_sqnr_db.has_value()) {
    measured = calibration.hold_out();
  }
  std::unique_ptr<Int8Job> job(new Int8Job(arguments, std::move(calibration), std::move(measured)));
  job->sha256_ = sha256;
  PAWL_TRY(job->prepare());
  return job;
}

void Int8Job::warn(const std::string& line) {
  const bool known = std::find(warnings_.begin(), warnings_.end(), line) != warnings_.end();
  if (!line.empty() && !known) warnings_.push_back(line);
}

Status Int8Job::prepare() {
  warn(calibration_.remark());
  warn(measured_.remark());
  const bool labels =
      !arguments_.calibration_labels.empty() || !arguments_.validation_labels.empty();
  if (!labels && !arguments_.min_sqnr_db) return {};
  const bool apart = measured_.count() > 0;
  if (!apart) {
    warnings_.push_back(
        labels ? "accuracy is measured on the calibration images themselves, which flatters it; "
                 "--val DIR --val-labels DIR measures on others"
               : "too few images to hold some out: the outputs are compared on the calibration "
                 "images themselves");
  }
  bound_.emplace();
  bound_->frames = apart ? &measured_ : &calibration_;
  bound_->min_sqnr_db = arguments_.min_sqnr_db.value_or(0.0);
  bound_->progress = [this](size_t done, size_t at_most) {
    if (!searching_) {
      calibrating_.clear();
      searching_ = std::make_unique<Progress>("searching, at most", static_cast<int64_t>(at_most));
    }
    searching_->advance(static_cast<int64_t>(done));
  };
  if (!labels) return {};
  bound_->measure = [this](const engine::Artifact& plan) { return map_points(plan); };
  bound_->max_drop = arguments_.max_drop.value_or(HUGE_VAL);  // none asked for: measured only
  measure_ = printed("mAP50-95 on the %zu images of %s", bound_->frames->count(),
                     folder_name(apart ? arguments_.validation : arguments_.calibration).c_str());
  return {};
}

Result<double> Int8Job::map_points(const engine::Artifact& plan) {
  if (!labelled_) {
    const bool apart = measured_.count() > 0;
    labelled_ = PAWL_TRY(LabelledImages::open(
        apart ? arguments_.validation : arguments_.calibration,
        apart ? arguments_.validation_labels : arguments_.calibration_labels, plan));
  }
  auto session = PAWL_TRY(engine::Session::create(plan, kEvaluation));
  const Metric metric = PAWL_TRY(labelled_->evaluate(&session, nullptr, {}));
  for (const std::string& remark : labelled_->remarks()) warn(remark);
  return kPoints * metric.map50_95;
}

void Int8Job::apply(engine::CompileOptions* options) {
  options->calibration = &calibration_;
  if (arguments_.scales == "from-model") options->quantize.scales = engine::ScaleSource::kModel;
  options->quantize.progress = [this](size_t done, size_t) {
    calibrating_.advance(static_cast<int64_t>(done));
  };
  options->bound = bound_ ? &*bound_ : nullptr;
  options->provenance.emplace_back("calibration.sha256", sha256_);
  if (!measure_.empty()) options->provenance.emplace_back("accuracy.measure", measure_);
}

}  // namespace pawl::program
