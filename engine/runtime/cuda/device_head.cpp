#include "engine/runtime/cuda/device_head.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "engine/artifact/head_record.h"

namespace pawl::engine {
namespace {

using cuda::CUdeviceptr;
using cuda::DeviceMemory;

// Pixels times classes: a candidate's place is the lower half of its key.
constexpr int64_t kPlacesMax = int64_t{1} << 31;

using kernels::cuda::BoxForm;
using kernels::cuda::CandidateLevel;
using kernels::cuda::DeviceMap;
using kernels::cuda::ScoreForm;

template <typename T>
T* pointer(const DeviceMemory& memory) {
  return reinterpret_cast<T*>(memory.address());
}

BoxForm box_form(BoxCode code) {
  switch (code) {
    case BoxCode::kCxcywh:
      return BoxForm::kCxcywh;
    case BoxCode::kXyxy:
      return BoxForm::kXyxy;
    case BoxCode::kDfl:
      return BoxForm::kDfl;
    case BoxCode::kLtrb:
      return BoxForm::kLtrb;
    case BoxCode::kYolox:
      return BoxForm::kYolox;
    case BoxCode::kYolov5:
      break;
  }
  return BoxForm::kYolov5;
}

ScoreForm score_form(const HeadSpec& head) {
  if (head.layout == OutputLayout::kEndToEnd) return ScoreForm::kEndToEnd;
  return head.objectness ? ScoreForm::kObjectness : ScoreForm::kClasses;
}

DeviceMap device_map(const Artifact& artifact, const MapRecord& map, CUdeviceptr arena,
                     CUdeviceptr weights) {
  if (map.tensor < 0) return {};
  const TensorRecord& tensor = artifact.tensors()[static_cast<size_t>(map.tensor)];
  const CUdeviceptr base = tensor.storage == Storage::kArena ? arena : weights;
  const auto offset = static_cast<uint64_t>(map.offset * element_bytes(tensor.element));
  return {.data = reinterpret_cast<const void*>(base + tensor.offset + offset),
          .pixel = map.pixel,
          .channel = map.channel,
          .half = tensor.element == Element::kFloat16};
}

}  // namespace

Result<DeviceHead> DeviceHead::create(const Artifact& artifact, const DecodeOptions& options,
                                      const cuda::Device& device, CUdeviceptr arena,
                                      CUdeviceptr weights) {
  const HeadSpec spec = head_spec(artifact.head());
  std::vector<CandidateLevel> levels;
  int32_t pixels = 0;
  for (const LevelRecord& level : artifact.levels()) {
    pixels += level.count;
    levels.push_back({.count = level.count,
                      .grid_width = level.grid_width,
                      .stride = level.stride,
                      .anchor_w = level.anchor_w,
                      .anchor_h = level.anchor_h,
                      .first_pixel = 0,
                      .first_tile = 0,
                      .box = device_map(artifact, level.box, arena, weights),
                      .scores = device_map(artifact, level.scores, arena, weights),
                      .objectness = device_map(artifact, level.objectness, arena, weights)});
  }
  // The host's decoder is what both are checked by: its options, its limits.
  const Decoder decoder = PAWL_TRY(Decoder::create(spec, options, pixels));
  const DecodeOptions& known = decoder.options();
  if (int64_t{pixels} * spec.classes > kPlacesMax) {
    return Error{Code::kUnsupported, artifact.name() + ": a head of " + std::to_string(pixels) +
                                         " pixels and " + std::to_string(spec.classes) +
                                         " classes is more than the device numbers"};
  }
  const int32_t tiles =
      kernels::cuda::number_levels(levels.data(), static_cast<int32_t>(levels.size()));
  const bool end_to_end = spec.layout == OutputLayout::kEndToEnd;
  const int32_t capacity =
      kernels::cuda::tile_capacity(known.multi_label && !end_to_end, spec.classes);
  const auto memory = kernels::cuda::candidates_memory(tiles, pixels, capacity);
  const auto sorting = kernels::cuda::suppress_memory(tiles, capacity, known.detections_max);
  const size_t block_bytes = kernels::cuda::detection_block_bytes(known.detections_max);

  DeviceHead head;
  head.levels_ = PAWL_TRY(DeviceMemory::allocate(device, levels.size() * sizeof(CandidateLevel)));
  head.tile_counts_ = PAWL_TRY(DeviceMemory::allocate(device, memory.tile_counts));
  head.keys_ = PAWL_TRY(DeviceMemory::allocate(device, memory.keys));
  head.boxes_ = PAWL_TRY(DeviceMemory::allocate(device, memory.boxes));
  head.sorted_ = PAWL_TRY(DeviceMemory::allocate(device, sorting.sorted));
  head.kept_ = PAWL_TRY(DeviceMemory::allocate(device, sorting.kept));
  head.block_ = PAWL_TRY(DeviceMemory::allocate(device, block_bytes));
  head.host_block_ = PAWL_TRY(cuda::PinnedMemory::allocate(device, block_bytes));
  head.detections_.reserve(static_cast<size_t>(known.detections_max));
  PAWL_TRY(device.driver().check(
      device.driver().cuMemcpyHtoD(head.levels_.address(), levels.data(), head.levels_.bytes()),
      artifact.name() + ": copying the head's levels"));

  // A frame writes as many detections as it has, and the whole block is copied.
  const std::vector<std::byte> zeros(block_bytes);
  PAWL_TRY(device.driver().check(
      device.driver().cuMemcpyHtoD(head.block_.address(), zeros.data(), zeros.size()),
      artifact.name() + ": clearing the detections"));

  const double confidence = known.confidence;
  head.candidates_ = {
      .placement = nullptr,
      .levels = pointer<CandidateLevel>(head.levels_),
      .level_count = static_cast<int32_t>(levels.size()),
      .tiles = tiles,
      .tile_capacity = capacity,
      .scores = score_form(spec),
      .box = box_form(spec.box),
      .classes = spec.classes,
      .bins = spec.bins,
      .cell_offset = spec.cell_offset,
      .logits = spec.scores_are_logits,
      .multi_label = known.multi_label && !end_to_end,
      .confidence = known.confidence,
      .raw_threshold = spec.scores_are_logits
                           ? static_cast<float>(std::log(confidence / (1.0 - confidence)))
                           : known.confidence,
      .tile_counts = pointer<uint32_t>(head.tile_counts_),
      .keys = pointer<uint64_t>(head.keys_),
      .boxes = pointer<float>(head.boxes_)};
  head.suppress_ = {.placement = nullptr,
                    .tile_counts = head.candidates_.tile_counts,
                    .keys = head.candidates_.keys,
                    .boxes = head.candidates_.boxes,
                    .tiles = tiles,
                    .tile_capacity = capacity,
                    .classes = spec.classes,
                    .candidates_max = known.candidates_max,
                    .detections_max = known.detections_max,
                    .iou = known.iou,
                    .nms = spec.nms,
                    .class_aware = known.class_aware,
                    .sorted = pointer<uint64_t>(head.sorted_),
                    .kept = pointer<kernels::cuda::KeptBox>(head.kept_),
                    .block = pointer<kernels::cuda::DetectionBlock>(head.block_)};
  return head;
}

std::vector<DeviceStep> DeviceHead::steps(CUdeviceptr placement) const {
  kernels::cuda::CandidatesParams candidates = candidates_;
  kernels::cuda::SuppressParams suppress = suppress_;
  candidates.placement = reinterpret_cast<const kernels::cuda::FramePlacement*>(placement);
  suppress.placement = candidates.placement;
  return {DeviceStep(candidates_launch(candidates), candidates),
          DeviceStep(suppress_launch(suppress), suppress)};
}

std::span<const Detection> DeviceHead::detections() {
  kernels::cuda::DetectionBlock block{};
  std::memcpy(&block, host_block_.data(), sizeof(block));
  detections_.clear();
  const auto count = static_cast<size_t>(std::clamp(block.count, 0, suppress_.detections_max));
  for (size_t i = 0; i < count; ++i) {
    kernels::cuda::DeviceDetection d{};
    std::memcpy(&d, host_block_.data() + sizeof(block) + i * sizeof(d), sizeof(d));
    detections_.push_back({d.class_id, d.score, d.x1, d.y1, d.x2, d.y2});
  }
  return detections_;
}

}  // namespace pawl::engine
