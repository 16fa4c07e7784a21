// Truth boxes of a folder of images: PASCAL VOC XML, YOLO txt or COCO json, told apart by content.
//
//   VOC   one .xml an image; corners as written; `difficult` boxes are ignored by the metric
//   YOLO  one .txt an image: class cx cy w h, as shares of the image's size (polygons become their
//         bounding box); a classes.txt beside the labels or above them gives the names
//   COCO  one .json: bbox is x, y, width, height; `iscrowd` boxes are ignored by the metric;
//         annotations of images or categories that are not listed are left out
//
// Boxes are those of the upright picture, as load_image gives it. Classes are matched to the
// model's by name. YOLO files without classes.txt carry numbers alone, which are then taken as the
// model's. Texts are UTF-8, with or without a byte-order mark. All of it comes from outside: sizes
// are bounded, an error names file and line.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "apps/pawl/eval_metric.h"
#include "platform/result.h"

namespace pawl::program {

enum class LabelFormat : uint8_t { kVoc, kYolo, kCoco };
const char* label_format_name(LabelFormat format);

// As a label file states it; 0 where it does not.
struct StatedSize {
  int64_t width = 0;
  int64_t height = 0;
};

struct LabelSet {
  LabelFormat format = LabelFormat::kYolo;
  bool relative = false;                     // boxes are shares of the image's width and height
  std::vector<std::vector<TruthBox>> truth;  // one an image, in the order of `images`
  std::vector<StatedSize> sizes;             // likewise
  std::vector<std::string> remarks;          // lines for people: what was left out
  int64_t boxes = 0;
  int64_t images_without_labels = 0;  // no file or entry: taken as showing nothing
};

// The model's classes: `count` of them, `names` empty where the artifact carries none.
struct ModelClasses {
  int32_t count = 0;
  std::vector<std::string> names;
};

// `labels`: a folder, or the COCO file. Errors: kNotFound, kIo, kCorrupt (a file that breaks its
// format), kInvalidArgument (class names or numbers that the model does not have; no image has
// labels).
platform::Result<LabelSet> load_labels(const std::filesystem::path& labels,
                                       std::span<const std::filesystem::path> images,
                                       const ModelClasses& classes);

// The parsers, on one file's text. `class_id` of the boxes is an index into *names, which grows by
// the names seen (VOC), or the number in the file (YOLO).
platform::Result<std::vector<TruthBox>> parse_voc(std::string_view text,
                                                  std::vector<std::string>* names,
                                                  StatedSize* size);
platform::Result<std::vector<TruthBox>> parse_yolo(std::string_view text);

struct CocoImage {
  std::string file_name;
  StatedSize size;
  std::vector<TruthBox> truth;
};
struct CocoLabels {
  std::vector<CocoImage> images;
  int64_t of_unlisted_images = 0;  // annotations that were left out
  int64_t of_unlisted_categories = 0;
};
// *names becomes those of the categories.
platform::Result<CocoLabels> parse_coco(std::string_view text, std::vector<std::string>* names);

// Index of each of `names` among the model's classes. kInvalidArgument lists those it lacks.
platform::Result<std::vector<int32_t>> match_names(std::span<const std::string> names,
                                                   const ModelClasses& classes);

}  // namespace pawl::program
