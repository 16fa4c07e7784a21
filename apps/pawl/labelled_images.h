// A folder of labelled images that plans are evaluated on, one after another.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "apps/pawl/eval_labels.h"
#include "apps/pawl/eval_metric.h"
#include "apps/pawl/latency.h"
#include "engine/runtime/session.h"
#include "platform/imaging/images.h"

namespace pawl::program {

// As YOLO exporters validate: nearly every score, all classes of a box, loose suppression.
inline const engine::SessionOptions kEvaluation{
    .confidence = 0.001F, .iou = 0.7F, .multi_label = true};

class LabelledImages {
 public:
  // `artifact`: its classes are what the labels name. Errors: as load_labels() and list_images();
  // kUnsupported for an artifact without detections.
  static platform::Result<LabelledImages> open(const std::filesystem::path& images,
                                               const std::filesystem::path& labels,
                                               const engine::Artifact& artifact);

  size_t count() const { return images_.size(); }
  const LabelSet& labels() const { return labels_; }

  // Detects in every image, until a stop is requested (platform/stop_signals.h): the metric is then
  // of the images in *series. `series`: may be null. `progress`: called with the images done.
  platform::Result<Metric> evaluate(engine::Session* session, StageSeries* series,
                                    const std::function<void(size_t)>& progress);

  // Lines for people on what was left out and what may be wrong, of sizes only after evaluate().
  std::vector<std::string> remarks() const;

 private:
  void compare_size(size_t index, const platform::Image& image);

  std::vector<std::filesystem::path> images_;
  LabelSet labels_;
  std::vector<std::string> remarks_;  // of the folder and the labels
  std::string first_misfit_;          // of the sizes that labels state
  int64_t misfits_ = 0;
};

}  // namespace pawl::program
