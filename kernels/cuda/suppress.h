// Candidates to detections on the device: the second kernel of a detector's head, after candidates.h.
// The best candidates_max candidates in order (score down, then pixel up, then class up), then
// greedy suppression, as engine::suppress_overlaps to the last bit of every comparison:
//   dropped: overlaps one kept before it (of its class where class_aware) by more than `iou`
// The first detections_max that are kept are placed back in the frame and written to one block.
//
// One CTA. Up to kFewCandidates keys are sorted in registers; more by radix in device memory.
// Requires sm_53; candidates of this frame's launch of candidates.h, with the same classes.
// Memory   suppress_memory(): 8 bytes a candidate that could be, 32 bytes a detection.
// Writes   `block`: count, then that many detections; the rest of it is left as it was. `keys` of
//          the candidates are used as scratch.
// Error    none: the same bits as engine::Decoder from the same candidates.
//
// Included by device code: C++17.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cuda/candidates.h"
#include "kernels/cuda/launch.h"

namespace pawl::kernels::cuda {

constexpr int32_t kFewCandidates = 1024;

// Corners in frame pixels, clipped to the frame; score at most 1.
struct DeviceDetection {
  int32_t class_id;
  float score;
  float x1, y1, x2, y2;
};

// What crosses to the host: this header, then `count` detections, best first.
struct DetectionBlock {
  int32_t count;
  int32_t reserved[3];
};
constexpr size_t detection_block_bytes(int32_t detections_max) {
  return sizeof(DetectionBlock) + static_cast<size_t>(detections_max) * sizeof(DeviceDetection);
}

// A detection that later candidates are compared with, in network-input pixels.
struct KeptBox {
  float x1, y1, x2, y2;
  float score;
  int32_t class_id;
  int32_t reserved[2];
};

struct SuppressParams {
  const FramePlacement* placement;
  const uint32_t* tile_counts;  // these three as candidates.h left them
  uint64_t* keys;
  const float* boxes;
  int32_t tiles, tile_capacity;
  int32_t classes;
  int32_t candidates_max, detections_max;
  float iou;
  bool nms;  // false: the network suppressed duplicates itself
  bool class_aware;
  uint64_t* sorted;       // [tiles * tile_capacity]
  KeptBox* kept;          // [detections_max], 16-byte aligned
  DetectionBlock* block;  // detection_block_bytes(detections_max)
};

// Bytes of the buffers.
struct SuppressMemory {
  size_t sorted, kept;
};
SuppressMemory suppress_memory(int32_t tiles, int32_t tile_capacity, int32_t detections_max);

Launch suppress_launch(const SuppressParams& params);

}  // namespace pawl::kernels::cuda
