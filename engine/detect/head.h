// What a model's output means and what its input expects: one description for every YOLO family.
//
// Plain data, stored in artifacts (docs/artifact-format.md): enumerator values are frozen.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pawl::engine {

// Where the source image lands in the network input.
enum class Fit : uint8_t {
  kLetterboxCentred = 0,  // aspect kept, padding on both sides (Ultralytics)
  kLetterboxTopLeft = 1,  // aspect kept, padding right and bottom (YOLOX)
  kStretch = 2,           // aspect not kept
};

// y = (pixel - mean) * scale, channel by channel in the order the network sees.
struct PreprocessSpec {
  int32_t width = 0, height = 0;  // of the network input
  int32_t channels = 3;           // 3 or 1
  Fit fit = Fit::kLetterboxCentred;
  bool rgb = true;  // first channel red; false: blue
  uint8_t pad_value = 114;
  float mean[3] = {0.0F, 0.0F, 0.0F};
  float scale[3] = {1.0F / 255.0F, 1.0F / 255.0F, 1.0F / 255.0F};
};

// How four (or 4*bins) numbers become a box, in network-input pixels. g is the pixel's grid
// position (column, row), s the level's stride.
enum class BoxCode : uint8_t {
  kCxcywh = 0,  // decoded already: centre and size
  kXyxy = 1,    // decoded already: corners
  kDfl = 2,     // per side, `bins` logits: softmax expectation d; corners g + c -+ d, times s
  kLtrb = 3,    // per side, distance d; as kDfl
  kYolox = 4,   // ((xy + g) * s, exp(wh) * s)
  kYolov5 = 5,  // ((2 sigmoid(xy) - 0.5 + g) * s, (2 sigmoid(wh))^2 * anchor)
};

enum class OutputLayout : uint8_t {
  kColumns = 0,   // (1, 4+nc, N): channel-major (v8, v9, 11, 12)
  kRows = 1,      // (1, N, 4[+1]+nc) (v5, v6, v7, YOLOX)
  kEndToEnd = 2,  // (1, K, 6): x1 y1 x2 y2 score class, already suppressed (v10, 26)
  kMaps = 3,      // feature maps of each level: boxes, scores[, objectness], by name and shape
};

struct HeadSpec {
  OutputLayout layout = OutputLayout::kColumns;
  BoxCode box = BoxCode::kCxcywh;
  int32_t classes = 0;
  int32_t bins = 1;          // kDfl: 16 (YOLOv8), 8 (NanoDet)
  float cell_offset = 0.5F;  // c of kDfl and kLtrb: 0.5 (YOLOv8), 0.5 or 0 (NanoDet)
  bool objectness = false;   // score = objectness * class
  bool scores_are_logits = false;
  bool nms = true;  // false: the network suppressed duplicates itself
};

// One matrix of P pixels by C channels, borrowed: element (p, c) is data[p*pixel + c*channel].
// NHWC maps, (N, C) rows and (C, N) columns are all this.
struct HeadMap {
  const float* data = nullptr;
  ptrdiff_t pixel = 0;
  ptrdiff_t channel = 1;
};

// A run of candidate boxes that share a grid. Candidates are numbered through the levels in order.
// YOLOv5 has one entry for each anchor of each feature map.
struct HeadLevel {
  int32_t count = 0;       // pixels
  int32_t grid_width = 0;  // pixels a row; 0 where boxes are decoded already
  float stride = 0.0F;
  float anchor_w = 0.0F, anchor_h = 0.0F;  // kYolov5, network-input pixels
  HeadMap box;                             // 4 or 4*bins channels
  HeadMap scores;                          // `classes` channels; kEndToEnd: score, class index
  HeadMap objectness;                      // 1 channel; data null without
};

}  // namespace pawl::engine
