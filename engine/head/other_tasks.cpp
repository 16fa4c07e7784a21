#include "engine/head/other_tasks.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "engine/head/row_structure.h"
#include "engine/head/wording.h"

namespace pawl::engine {
namespace {

using platform::Code;
using platform::Error;
using platform::Status;

Error refused(const std::string& what) {
  return {Code::kUnsupported, what +
                                  "; only detection is supported: export a detection model, or "
                                  "compile with --head none for the outputs as they are"};
}

// The one output that can be mask prototypes: a map at a half or a quarter of the input's size.
const OutputOutline* prototypes(const ModelOutline& model) {
  const OutputOutline* found = nullptr;
  for (const OutputOutline& output : model.outputs) {
    if (output.shape.size() != 4 || output.shape[0] != 1) continue;
    if (found != nullptr) return nullptr;  // raw maps of several strides
    found = &output;
  }
  if (found == nullptr) return nullptr;
  for (const int64_t stride : {2, 4}) {
    if (found->shape[2] == (model.input_shape[2] + stride - 1) / stride &&
        found->shape[3] == (model.input_shape[3] + stride - 1) / stride) {
      return found;
    }
  }
  return nullptr;
}

Error segmentation(const OutputOutline& masks, const OutputOutline& boxes) {
  return refused("the model segments: output " + quote(masks.name) + " " + shape_text(masks.shape) +
                 " holds mask prototypes, and " + std::to_string(masks.shape[1]) +
                 " numbers a box of " + quote(boxes.name) + " " + shape_text(boxes.shape) +
                 " are their coefficients");
}

Error oriented(const OutputOutline& boxes) {
  return refused("the model finds oriented boxes: one number a box of " + quote(boxes.name) + " " +
                 shape_text(boxes.shape) + " is an angle");
}

// Numbers of each box that are neither box nor score.
Error with_more(int64_t extra, const OutputOutline& boxes) {
  const bool thirds = extra % 3 == 0;
  const std::string points =
      thirds || extra % 2 == 0
          ? " (as of " + counted(extra / (thirds ? 3 : 2), "keypoint", "keypoints") + ")"
          : "";
  return refused("the model finds more than boxes: " + counted(extra, "number", "numbers") +
                 " a box of " + quote(boxes.name) + " " + shape_text(boxes.shape) + points +
                 (extra == 1 ? " is" : " are") + " neither box nor class score");
}

// DETR and its kin give boxes as fractions of the input, the decoders here expect pixels.
Status refuse_fractions(const OutputOutline& boxes) {
  for (const size_t axis : {size_t{1}, size_t{2}}) {
    const std::optional<RowStructure> row = row_structure(boxes, axis);
    if (!row || row->box != OutputPart::Source::kSigmoid) continue;
    return Error{Code::kUnsupported,
                 "the boxes of output " + quote(boxes.name) + " " + shape_text(boxes.shape) +
                     " end in a sigmoid: fractions of the input, as DETR gives them, which no head "
                     "here decodes; compile with --head none for the outputs as they are"};
  }
  return {};
}

Status refuse_rows(const ModelOutline& model, const OutputOutline& boxes, int64_t named) {
  const OutputOutline* masks = prototypes(model);
  for (const size_t axis : {size_t{1}, size_t{2}}) {
    const std::optional<RowStructure> row = row_structure(boxes, axis);
    if (!row) continue;
    const int64_t extra = row->class_index ? boxes.shape[axis] - 6 : row->extra;
    // Names for all of it: then all of it is classes, whatever computed them.
    if (extra <= 0 || named == boxes.shape[axis] - 4) continue;
    if (masks != nullptr && masks->shape[1] == extra) return segmentation(*masks, boxes);
    if (extra == 1 && (boxes.rotated || row->class_index)) return oriented(boxes);
    return with_more(extra, boxes);
  }
  // Columns have no objectness, rows may.
  const bool all_named = named != 0 && (named == boxes.shape[1] - 4 ||
                                        named == boxes.shape[2] - 4 || named == boxes.shape[2] - 5);
  if (all_named) return {};
  if (masks != nullptr && std::min(boxes.shape[1], boxes.shape[2]) >= masks->shape[1] + 5) {
    return segmentation(*masks, boxes);
  }
  if (boxes.rotated) return oriented(boxes);
  return {};
}

// As exporters write it, give or take case and blanks.
bool is_detect(std::string_view task) {
  constexpr std::string_view kDetect = "detect";
  while (!task.empty() && task.front() == ' ') task.remove_prefix(1);
  while (!task.empty() && task.back() == ' ') task.remove_suffix(1);
  return std::equal(task.begin(), task.end(), kDetect.begin(), kDetect.end(),
                    [](char a, char b) { return (a | 0x20) == b; });
}

}  // namespace

Status refuse_other_tasks(const ModelOutline& model, int64_t named) {
  const auto matrix = [](const OutputOutline& output) {
    return output.shape.size() == 3 && output.shape[0] == 1;
  };
  for (const OutputOutline& output : model.outputs) {
    if (matrix(output)) PAWL_TRY(refuse_fractions(output));
  }
  const auto task = model.metadata.find("task");
  if (task != model.metadata.end() && !task->second.empty()) {
    if (is_detect(task->second)) return {};
    return refused("the model's metadata says its task is " + quote(task->second));
  }
  const auto keypoints = model.metadata.find("kpt_shape");
  if (keypoints != model.metadata.end()) {
    return refused("the model finds keypoints: its metadata says kpt_shape " +
                   quote(keypoints->second));
  }
  const auto vector = [](const OutputOutline& output) { return output.shape.size() <= 2; };
  if (std::all_of(model.outputs.begin(), model.outputs.end(), vector)) {
    const OutputOutline& scores = model.outputs[0];
    return refused("the model classifies whole images: output " + quote(scores.name) + " " +
                   shape_text(scores.shape) + " has no boxes");
  }
  for (const OutputOutline& output : model.outputs) {
    if (matrix(output)) PAWL_TRY(refuse_rows(model, output, named));
  }
  return {};
}

}  // namespace pawl::engine
