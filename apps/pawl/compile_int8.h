// The part of `pawl compile` that --int8 brings: calibration, the measure of accuracy, the bound.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "apps/pawl/calibration_folder.h"
#include "apps/pawl/labelled_images.h"
#include "apps/pawl/progress.h"
#include "engine/compile/compiler.h"

namespace CLI {
class App;
}

namespace pawl::program {

struct Int8Arguments {
  bool int8 = false;
  std::string calibration, calibration_labels;  // folders; labels may be a file
  std::string validation, validation_labels;
  std::optional<double> max_drop, min_sqnr_db;
  std::string scales;  // "from-model"; else calibrated
  std::string report;  // HTML file
  bool layers = false;
};

void add_int8_options(CLI::App* command, Int8Arguments* arguments);
// Throws CLI::ValidationError for options that contradict each other.
void check_int8(const Int8Arguments& arguments);

// What compile needs for --int8, prepared from the folders; owns what the options borrow.
class Int8Job {
 public:
  static platform::Result<std::unique_ptr<Int8Job>> open(const Int8Arguments& arguments);

  // Fills calibration, bound and provenance.
  void apply(engine::CompileOptions* options);

  // "mAP50-95 on 64 labelled images of val"; empty where none was measured.
  const std::string& measure() const { return measure_; }
  const std::string& calibration_sha256() const { return sha256_; }
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  Int8Job(const Int8Arguments& arguments, CalibrationFolder calibration, CalibrationFolder measured)
      : arguments_(arguments),
        calibration_(std::move(calibration)),
        measured_(std::move(measured)),
        calibrating_("calibrating", static_cast<int64_t>(2 * calibration_.count())) {}

  platform::Status prepare();
  void warn(const std::string& line);  // once, and not of an empty line
  platform::Result<double> map_points(const engine::Artifact& plan);

  const Int8Arguments arguments_;
  CalibrationFolder calibration_;
  CalibrationFolder measured_;  // empty: the calibration images
  Progress calibrating_;
  std::unique_ptr<Progress> searching_;
  std::optional<LabelledImages> labelled_;  // read with the first plan, which knows the classes
  std::optional<engine::AccuracyBound> bound_;
  std::string measure_, sha256_;
  std::vector<std::string> warnings_;
};

}  // namespace pawl::program
