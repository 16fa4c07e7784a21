// The detector families Pawl knows: what their outputs look like, what their inputs expect.
//
// One table, walked by recognition (head_guess.h), by --head, by the documentation and by tests.
// Input conventions are those of each family's own exporter.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "engine/detect/head.h"

namespace pawl::engine {

// How a family's outputs are shaped. cells: the grid cells of all strides together.
enum class HeadShape : uint8_t {
  kColumns,       // (1, 4+classes, cells)
  kRows,          // (1, cells or 3*cells, 4[+1]+classes), decoded
  kGridRows,      // the same, boxes relative to their cell
  kEndToEnd,      // (1, K, 6)
  kAnchorMaps,    // (1, 3, H, W, 5+classes) for each stride
  kDistanceMaps,  // two outputs for each stride: classes and 4*bins; (1, cells, C) or (1, C, H, W)
  kBoxesAndScores,  // (1, N, 4) and (1, N, classes) or (1, classes, N)
  kNone,            // no detection head
};

struct HeadFamily {
  const char* name;
  const char* also;     // other families with the same head, blanks between
  const char* outputs;  // for messages and documentation
  HeadShape shape;
  BoxCode box;
  int32_t boxes_per_cell;
  int32_t bins;  // expected of kDistanceMaps, else 1
  bool objectness;
  bool nms;
  Fit fit;
  bool rgb;
  float mean[3], scale[3];
  const float* anchors;  // kAnchorMaps: width, height of three boxes for each of strides 8, 16, 32
};

std::span<const HeadFamily> head_families();

// By name or by one of the other names; null when there is none.
const HeadFamily* find_head_family(std::string_view name);

// "auto, yolov8, ..." for messages.
std::string head_family_names();

}  // namespace pawl::engine
