#include "engine/head/head_table.h"

namespace pawl::engine {
namespace {

constexpr float kByte = 1.0F / 255.0F;

constexpr float kYolov5Anchors[18] = {10,  13, 16,  30,  33,  23,   // stride 8
                                      30,  61, 62,  45,  59,  119,  // 16
                                      116, 90, 156, 198, 373, 326};
constexpr float kYolov7Anchors[18] = {12,  16,  19,  36,  40,  28,   // stride 8
                                      36,  75,  76,  55,  72,  146,  // 16
                                      142, 110, 192, 243, 459, 401};

// Recognition takes the family that fits best and asks where two fit equally well.
// clang-format off
constexpr HeadFamily kFamilies[] = {
    {"yolov8", "yolov5u yolov9 yolo11 yolo12", "one output (1, 4+classes, cells)",
     HeadShape::kColumns, BoxCode::kCxcywh, 1, 1, false, true,
     Fit::kLetterboxCentred, true, {0, 0, 0}, {kByte, kByte, kByte}, nullptr},
    {"yolov5", "yolov3 yolov7", "one output (1, 3*cells, 5+classes)",
     HeadShape::kRows, BoxCode::kCxcywh, 3, 1, true, true,
     Fit::kLetterboxCentred, true, {0, 0, 0}, {kByte, kByte, kByte}, nullptr},
    {"yolox", "", "one output (1, cells, 5+classes)",
     HeadShape::kGridRows, BoxCode::kYolox, 1, 1, true, true,
     Fit::kLetterboxTopLeft, false, {0, 0, 0}, {1, 1, 1}, nullptr},
    {"yolov6", "", "one output (1, cells, 5+classes)",
     HeadShape::kRows, BoxCode::kCxcywh, 1, 1, true, true,
     Fit::kLetterboxCentred, true, {0, 0, 0}, {kByte, kByte, kByte}, nullptr},
    {"yolov8-rows", "", "one output (1, cells, 4+classes)",
     HeadShape::kRows, BoxCode::kCxcywh, 1, 1, false, true,
     Fit::kLetterboxCentred, true, {0, 0, 0}, {kByte, kByte, kByte}, nullptr},
    {"end2end", "yolov10 yolo26", "one output (1, K, 6) of x1 y1 x2 y2 score class",
     HeadShape::kEndToEnd, BoxCode::kXyxy, 1, 1, false, false,
     Fit::kLetterboxCentred, true, {0, 0, 0}, {kByte, kByte, kByte}, nullptr},
    {"yolov5-maps", "", "an output (1, 3, H, W, 5+classes) for each of strides 8, 16, 32",
     HeadShape::kAnchorMaps, BoxCode::kYolov5, 3, 1, true, true,
     Fit::kLetterboxCentred, true, {0, 0, 0}, {kByte, kByte, kByte}, kYolov5Anchors},
    {"yolov7-maps", "", "an output (1, 3, H, W, 5+classes) for each of strides 8, 16, 32",
     HeadShape::kAnchorMaps, BoxCode::kYolov5, 3, 1, true, true,
     Fit::kLetterboxCentred, true, {0, 0, 0}, {kByte, kByte, kByte}, kYolov7Anchors},
    {"nanodet", "gfl", "for each stride an output of classes and one of 4*8 distances",
     HeadShape::kDistanceMaps, BoxCode::kDfl, 1, 8, false, true,
     Fit::kLetterboxCentred, false, {103.53F, 116.28F, 123.675F},
     {1 / 57.375F, 1 / 57.12F, 1 / 58.395F}, nullptr},
    {"yolov8-maps", "", "for each stride an output of classes and one of 4*16 distances",
     HeadShape::kDistanceMaps, BoxCode::kDfl, 1, 16, false, true,
     Fit::kLetterboxCentred, true, {0, 0, 0}, {kByte, kByte, kByte}, nullptr},
    {"yolonas", "yolo-nas", "boxes (1, N, 4) and scores (1, N, classes)",
     HeadShape::kBoxesAndScores, BoxCode::kXyxy, 1, 1, false, true,
     Fit::kLetterboxTopLeft, true, {0, 0, 0}, {kByte, kByte, kByte}, nullptr},
    {"ppyoloe", "", "boxes (1, N, 4) and scores (1, classes, N)",
     HeadShape::kBoxesAndScores, BoxCode::kXyxy, 1, 1, false, true,
     Fit::kStretch, true, {0, 0, 0}, {kByte, kByte, kByte}, nullptr},
    {"damoyolo", "damo-yolo", "boxes (1, N, 4) and scores (1, N, classes)",
     HeadShape::kBoxesAndScores, BoxCode::kXyxy, 1, 1, false, true,
     Fit::kStretch, true, {0, 0, 0}, {1, 1, 1}, nullptr},
    {"none", "", "anything: raw outputs, no detections",
     HeadShape::kNone, BoxCode::kCxcywh, 1, 1, false, false,
     Fit::kLetterboxCentred, true, {0, 0, 0}, {kByte, kByte, kByte}, nullptr},
};
// clang-format on

bool lists(std::string_view names, std::string_view wanted) {
  while (!names.empty()) {
    const size_t blank = names.find(' ');
    if (names.substr(0, blank) == wanted) return true;
    names.remove_prefix(blank == std::string_view::npos ? names.size() : blank + 1);
  }
  return false;
}

}  // namespace

std::span<const HeadFamily> head_families() {
  return kFamilies;
}

const HeadFamily* find_head_family(std::string_view name) {
  for (const HeadFamily& family : kFamilies) {
    if (family.name == name || lists(family.also, name)) return &family;
  }
  return nullptr;
}

std::string head_family_names() {
  std::string names = "auto";
  for (const HeadFamily& family : kFamilies) names += std::string(", ") + family.name;
  return names;
}

}  // namespace pawl::engine
