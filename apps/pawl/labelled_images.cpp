#include "apps/pawl/labelled_images.h"

#include <string>
#include <utility>

#include "platform/imaging/image_folder.h"
#include "platform/stop_signals.h"

namespace pawl::program {
namespace {

using platform::Code;
using platform::Error;
using platform::Result;

ModelClasses classes_of(const engine::Artifact& artifact) {
  ModelClasses classes;
  classes.count = artifact.head().classes;
  for (const std::string_view label : artifact.labels()) classes.names.emplace_back(label);
  return classes;
}

void scale_boxes(float width, float height, std::vector<TruthBox>* boxes) {
  for (TruthBox& box : *boxes) {
    box.x1 *= width;
    box.x2 *= width;
    box.y1 *= height;
    box.y2 *= height;
  }
}

}  // namespace

Result<LabelledImages> LabelledImages::open(const std::filesystem::path& images,
                                            const std::filesystem::path& labels,
                                            const engine::Artifact& artifact) {
  if (artifact.head().present == 0) {
    return Error{Code::kUnsupported,
                 artifact.name() + ": compiled with --head none, so there are no detections"};
  }
  LabelledImages set;
  auto folder = PAWL_TRY(platform::list_images(images));
  set.images_ = std::move(folder.images);
  if (!folder.remark.empty()) set.remarks_.push_back(std::move(folder.remark));
  set.labels_ = PAWL_TRY(load_labels(labels, set.images_, classes_of(artifact)));
  for (const std::string& remark : set.labels_.remarks) set.remarks_.push_back(remark);
  return set;
}

void LabelledImages::compare_size(size_t index, const platform::Image& image) {
  const StatedSize& stated = labels_.sizes[index];
  if (stated.width <= 0 || stated.height <= 0) return;
  if (stated.width == image.width && stated.height == image.height) return;
  if (misfits_++ > 0) return;
  first_misfit_ = images_[index].filename().string() + ": " + std::to_string(stated.width) + "x" +
                  std::to_string(stated.height) + " in the labels, " + std::to_string(image.width) +
                  "x" + std::to_string(image.height) + " upright";
}

std::vector<std::string> LabelledImages::remarks() const {
  std::vector<std::string> lines = remarks_;
  if (misfits_ > 0) {
    lines.push_back("labels state another size than the picture's, so boxes may lie elsewhere: " +
                    std::to_string(misfits_) + " of " + std::to_string(images_.size()) +
                    " images, first " + first_misfit_);
  }
  return lines;
}

Result<Metric> LabelledImages::evaluate(engine::Session* session, StageSeries* series,
                                        const std::function<void(size_t)>& progress) {
  std::vector<EvaluatedImage> evaluated;
  evaluated.reserve(images_.size());
  misfits_ = 0;
  for (size_t i = 0; i < images_.size() && !platform::stop_requested(); ++i) {
    const platform::Image image = PAWL_TRY(platform::load_image(images_[i]));
    const auto detections = PAWL_TRY(session->detect(image.frame()).context(images_[i].string()));
    compare_size(i, image);
    if (series != nullptr) series->add(session->times());
    EvaluatedImage one;
    one.truth = labels_.truth[i];
    if (labels_.relative) {
      scale_boxes(static_cast<float>(image.width), static_cast<float>(image.height), &one.truth);
    }
    for (const engine::Detection& d : detections) {
      one.detections.push_back({d.class_id, d.score, d.x1, d.y1, d.x2, d.y2});
    }
    evaluated.push_back(std::move(one));
    if (progress) progress(i + 1);
  }
  return program::evaluate(evaluated);
}

}  // namespace pawl::program
