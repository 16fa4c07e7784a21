#include "apps/pawl/labelled_images.h"

#include <utility>

#include "platform/imaging/image_folder.h"

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
  return set;
}

Result<Metric> LabelledImages::evaluate(engine::Session* session, StageSeries* series,
                                        const std::function<void(size_t)>& progress) const {
  std::vector<EvaluatedImage> evaluated;
  evaluated.reserve(images_.size());
  for (size_t i = 0; i < images_.size(); ++i) {
    const platform::Image image = PAWL_TRY(platform::load_image(images_[i]));
    const auto detections = PAWL_TRY(session->detect(image.frame()).context(images_[i].string()));
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
