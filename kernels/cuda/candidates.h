// Network outputs to candidate boxes on the device: the first of two kernels of a detector's head;
// suppress.h is the second. What a candidate is, and its numbers, are those of engine::Decoder
// (engine/detect/decode.h):
//   score = [sigmoid](objectness) * [sigmoid](class), candidates score more than `confidence`
//   box   = as BoxForm says; not finite, empty or outside the frame: no candidate
// Scores are compared as the network gives them; only pixels that pass get their boxes decoded.
//
// A CTA takes a tile, kTilePixels of one level, and writes a run of its own: tile_counts[tile] keys
// from keys[tile * tile_capacity] on. Nothing is appended with atomics, so nothing has to be reset
// between frames, and the runs one after the other are in order of pixel, then class, whatever
// order CTAs ran in. Sorted upwards, keys give the order of detections:
//   key   ~(bits of score) << 32 | (pixel * classes + class)      pixel counts through the levels
//   boxes [pixel]: x1 y1 x2 y2 in network-input pixels; written only for pixels that have a key
//
// Maps     element (p, c) at data[p*pixel + c*channel], float16 or float32. Coalesced loads of 16
//          bytes where channels or pixels lie side by side, aligned; else single elements.
// Requires sm_53. pixels * classes < 2^31; confidence in [0, 1).
// Memory   candidates_memory(): 16 bytes a pixel, 8 bytes a candidate that could be.
// Reads    nothing outside the maps' elements.
// Error    against engine::Decoder, from expf alone: scores 5e-7 relative; boxes of kDfl, kYolox, kYolov5
//          2e-6 relative to the largest term of their formula; others the same bits.
//
// Included by device code: C++17.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cuda/launch.h"

namespace pawl::kernels::cuda {

constexpr int32_t kTilePixels = 64;

// g: grid position of the pixel, s: stride of the level, c: cell_offset.
enum class BoxForm : int32_t {
  kCxcywh,  // centre and size
  kXyxy,    // corners
  kDfl,     // softmax expectation of `bins` logits a side; corners (g + c -+ d) * s
  kLtrb,    // distances; as kDfl
  kYolox,   // (xy + g) * s, exp(wh) * s
  kYolov5,  // (2 sigmoid(xy) - 0.5 + g) * s, (2 sigmoid(wh))^2 * anchor
};

enum class ScoreForm : int32_t {
  kClasses,     // `classes` channels
  kObjectness,  // times one of a map of its own
  kEndToEnd,    // channel 0 the score, channel 1 the class index
};

struct DeviceMap {
  const void* data;
  int64_t pixel, channel;  // elements
  bool half;
};

// In device memory. first_pixel, first_tile: sums over the levels before (number_levels).
struct CandidateLevel {
  int32_t count, grid_width;  // grid_width 0: boxes without a grid
  float stride, anchor_w, anchor_h;
  int32_t first_pixel, first_tile;
  DeviceMap box, scores, objectness;
};

// Where the frame lies in the network input, in device memory: it changes with the frame.
//   frame = clamp((input - offset) * scale, 0, size)
struct FramePlacement {
  float scale_x, scale_y;
  float offset_x, offset_y;
  int32_t frame_width, frame_height;
};

struct CandidatesParams {
  const FramePlacement* placement;
  const CandidateLevel* levels;
  int32_t level_count, tiles, tile_capacity;
  ScoreForm scores;
  BoxForm box;
  int32_t classes, bins;
  float cell_offset;
  bool logits;                      // sigmoid is left to us
  bool multi_label;                 // a candidate for every class that passes, not for the best
  float confidence, raw_threshold;  // raw_threshold: log(confidence / (1 - confidence)) of logits
  uint32_t* tile_counts;            // [tiles]
  uint64_t* keys;                   // [tiles * tile_capacity]
  float* boxes;                     // [pixels][4], 16-byte aligned
};

// Fills first_pixel and first_tile from the counts; returns how many tiles there are.
int32_t number_levels(CandidateLevel* levels, int32_t level_count);

// Keys that a tile may have.
constexpr int32_t tile_capacity(bool multi_label, int32_t classes) {
  return multi_label ? kTilePixels * classes : kTilePixels;
}

// Bytes of the buffers.
struct CandidatesMemory {
  size_t tile_counts, keys, boxes;
};
CandidatesMemory candidates_memory(int32_t tiles, int32_t pixels, int32_t tile_capacity);

Launch candidates_launch(const CandidatesParams& params);

}  // namespace pawl::kernels::cuda
