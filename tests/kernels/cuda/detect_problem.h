// A detector's head with random maps on the software GPU: candidates.h and suppress.h, one after the
// other, against engine::Decoder with the same numbers.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "engine/detect/decode.h"
#include "kernels/cuda/candidates.h"
#include "kernels/cuda/suppress.h"
#include "kernels/half.h"
#include "tests/softgpu/softgpu.h"

namespace pawl::kernels::cuda {

struct GridShape {
  int32_t width, height;
  float stride, anchor_w, anchor_h;
};

// How a head's numbers lie in memory.
enum class Memory { kRows, kColumns, kMaps, kPackedMaps };

// Numbers in memory, between poison that no kernel may take for a score.
class DetectProblem {
 public:
  static constexpr float kPoison = 30000.0F;

  // `value(part, level, pixel, channel)` makes the numbers; part: b(ox), o(bjectness), s(cores).
  template <typename Value>
  DetectProblem(const engine::HeadSpec& spec, const engine::DecodeOptions& options,
                const std::vector<GridShape>& grids, Memory memory, bool half, Value value)
      : spec_(spec), options_(options), half_(half) {
    const bool end_to_end = spec.layout == engine::OutputLayout::kEndToEnd;
    const int32_t parts[] = {spec.box == engine::BoxCode::kDfl ? 4 * spec.bins : 4,
                             spec.objectness ? 1 : 0, end_to_end ? 2 : spec.classes};
    int32_t all_pixels = 0;
    for (const GridShape& grid : grids) all_pixels += grid.width * grid.height;
    const int32_t all_channels = parts[0] + parts[1] + parts[2];
    blocks_.reserve(3 * grids.size() + 1);
    for (const GridShape& grid : grids) {
      engine::HeadLevel level;
      level.count = grid.width * grid.height;
      level.grid_width = grid.width;
      level.stride = grid.stride;
      level.anchor_w = grid.anchor_w;
      level.anchor_h = grid.anchor_h;
      engine::HeadMap* maps[] = {&level.box, &level.objectness, &level.scores};
      int32_t channel = 0;
      for (int32_t part = 0; part < 3; ++part) {
        if (parts[part] == 0) continue;
        *maps[part] =
            place(memory, level.count, parts[part], pixels_, channel, all_pixels, all_channels);
        for (int32_t p = 0; p < level.count; ++p) {
          for (int32_t c = 0; c < parts[part]; ++c) {
            float number = value("bos"[part], static_cast<int32_t>(levels_.size()), p, c);
            if (half) number = half_value(half_bits(number));
            const_cast<float*>(maps[part]->data)[p * maps[part]->pixel + c * maps[part]->channel] =
                number;
          }
        }
        channel += parts[part];
      }
      pixels_ += level.count;
      levels_.push_back(level);
    }
  }

  engine::Placement placement = {1.5F, 1.25F, 4.0F, 8.0F, 400, 300};

  std::vector<engine::Detection> expected() const {
    auto decoder = engine::Decoder::create(spec_, options_, pixels_);
    if (!decoder.ok()) {
      ADD_FAILURE() << decoder.error().message;
      return {};
    }
    const auto found = decoder.value().decode(levels_, placement);
    return {found.begin(), found.end()};
  }

  // What is wrong, in words; empty: nothing. The same memory serves `frames` frames.
  std::string run(const softgpu::SoftGpu& gpu, pawl::cuda::CUfunction find_candidates,
                  pawl::cuda::CUfunction suppress_candidates, int32_t frames = 1) const {
    std::vector<CandidateLevel> levels = device_levels(gpu);
    const bool end_to_end = spec_.layout == engine::OutputLayout::kEndToEnd;
    const FramePlacement frame = {placement.scale_x,     placement.scale_y,
                                  placement.offset_x,    placement.offset_y,
                                  placement.frame_width, placement.frame_height};
    const auto count = static_cast<int32_t>(levels.size());

    CandidatesParams c{};
    c.level_count = count;
    c.tiles = number_levels(levels.data(), count);
    c.scores = end_to_end         ? ScoreForm::kEndToEnd
               : spec_.objectness ? ScoreForm::kObjectness
                                  : ScoreForm::kClasses;
    c.box = static_cast<BoxForm>(spec_.box);
    c.classes = spec_.classes, c.bins = spec_.bins;
    c.cell_offset = spec_.cell_offset;
    c.logits = spec_.scores_are_logits;
    c.multi_label = !end_to_end && (options_.multi_label || !spec_.nms);
    c.tile_capacity = tile_capacity(c.multi_label, c.classes);
    c.confidence = c.raw_threshold = options_.confidence;
    if (c.logits) {
      const double confidence = options_.confidence;
      c.raw_threshold = static_cast<float>(std::log(confidence / (1.0 - confidence)));
    }
    const CandidatesMemory memory = candidates_memory(c.tiles, pixels_, c.tile_capacity);
    c.placement = pointer<FramePlacement>(gpu.upload(std::vector<FramePlacement>{frame}));
    c.levels = pointer<CandidateLevel>(gpu.upload(levels));
    c.tile_counts = pointer<uint32_t>(gpu.allocate(memory.tile_counts));
    c.keys = pointer<uint64_t>(gpu.allocate(memory.keys));
    c.boxes = pointer<float>(gpu.allocate(memory.boxes));

    SuppressParams s{};
    s.placement = c.placement, s.tile_counts = c.tile_counts, s.keys = c.keys, s.boxes = c.boxes;
    s.tiles = c.tiles, s.tile_capacity = c.tile_capacity, s.classes = c.classes;
    s.candidates_max = options_.candidates_max, s.detections_max = options_.detections_max;
    s.iou = options_.iou, s.nms = spec_.nms, s.class_aware = options_.class_aware;
    const SuppressMemory more = suppress_memory(s.tiles, s.tile_capacity, s.detections_max);
    s.sorted = pointer<uint64_t>(gpu.allocate(more.sorted));
    s.kept = pointer<KeptBox>(gpu.allocate(more.kept));
    const std::vector<uint8_t> poison(detection_block_bytes(s.detections_max), 0xA5);
    const pawl::cuda::CUdeviceptr block = gpu.upload(poison);
    s.block = pointer<DetectionBlock>(block);

    std::string wrong;
    for (int32_t i = 0; i < frames && wrong.empty(); ++i) {
      gpu.driver.cuMemcpyHtoD(block, poison.data(), poison.size());
      const Launch first = candidates_launch(c), second = suppress_launch(s);
      if (gpu.launch(find_candidates, first.grid[0], first.threads, c) ||
          gpu.launch(suppress_candidates, second.grid[0], second.threads, s)) {
        wrong = softgpu::control().last_message();
      } else {
        wrong = compare(gpu.download<uint8_t>(block, poison.size()));
      }
      wrong += gpu.findings();
    }
    for (const void* memory_of : std::initializer_list<const void*>{
             c.placement, c.levels, c.tile_counts, c.keys, c.boxes, s.sorted, s.kept, s.block}) {
      gpu.driver.cuMemFree(reinterpret_cast<pawl::cuda::CUdeviceptr>(memory_of));
    }
    for (const pawl::cuda::CUdeviceptr address : blocks_on_device_) gpu.driver.cuMemFree(address);
    softgpu::control().clear_findings();
    return wrong;
  }

 private:
  template <typename T>
  static T* pointer(pawl::cuda::CUdeviceptr address) {
    return reinterpret_cast<T*>(address);
  }

  engine::HeadMap place(Memory memory, int32_t pixels, int32_t channels, int32_t first_pixel,
                        int32_t first_channel, int32_t all_pixels, int32_t all_channels) {
    if (memory == Memory::kMaps || memory == Memory::kPackedMaps) {
      // The next multiple of 8 between pixels, as plans have it, or rows that share no alignment.
      const int32_t row = memory == Memory::kMaps ? (channels + 7) / 8 * 8 : channels + 3;
      blocks_.emplace_back(static_cast<size_t>(pixels) * static_cast<size_t>(row), kPoison);
      return {blocks_.back().data(), row, 1};
    }
    if (blocks_.empty()) {
      blocks_.emplace_back(static_cast<size_t>(all_pixels) * static_cast<size_t>(all_channels),
                           kPoison);
    }
    const float* base = blocks_[0].data();
    if (memory == Memory::kRows) {
      return {base + ptrdiff_t{first_pixel} * all_channels + first_channel, all_channels, 1};
    }
    return {base + ptrdiff_t{first_channel} * all_pixels + first_pixel, 1, all_pixels};
  }

  std::vector<CandidateLevel> device_levels(const softgpu::SoftGpu& gpu) const {
    blocks_on_device_.clear();
    for (const std::vector<float>& block : blocks_) {
      std::vector<uint16_t> halves;
      if (half_) {
        for (const float number : block) halves.push_back(half_bits(number));
      }
      blocks_on_device_.push_back(half_ ? gpu.upload(halves) : gpu.upload(block));
    }
    const auto map = [&](const engine::HeadMap& from) -> DeviceMap {
      for (size_t i = 0; i < blocks_.size(); ++i) {
        const ptrdiff_t offset = from.data - blocks_[i].data();
        if (from.data == nullptr || offset < 0 ||
            offset >= static_cast<ptrdiff_t>(blocks_[i].size())) {
          continue;
        }
        const auto bytes = static_cast<uint64_t>(offset) * (half_ ? 2 : 4);
        return {pointer<void>(blocks_on_device_[i] + bytes), from.pixel, from.channel, half_};
      }
      return {};
    };
    std::vector<CandidateLevel> levels;
    for (const engine::HeadLevel& from : levels_) {
      CandidateLevel to{};
      to.count = from.count, to.grid_width = from.grid_width;
      to.stride = from.stride, to.anchor_w = from.anchor_w, to.anchor_h = from.anchor_h;
      to.box = map(from.box), to.scores = map(from.scores);
      to.objectness = map(from.objectness);
      levels.push_back(to);
    }
    return levels;
  }

  std::string compare(const std::vector<uint8_t>& block) const {
    const std::vector<engine::Detection> want = expected();
    std::ostringstream wrong;
    DetectionBlock header;
    std::memcpy(&header, block.data(), sizeof(header));
    if (header.count != static_cast<int32_t>(want.size())) {
      wrong << header.count << " detections, not " << want.size() << "\n";
      return wrong.str();
    }
    // Numbers without expf are the same bits, but for the sign of a zero.
    const bool exact_boxes = spec_.box == engine::BoxCode::kCxcywh ||
                             spec_.box == engine::BoxCode::kXyxy ||
                             spec_.box == engine::BoxCode::kLtrb;
    const float box_bound = exact_boxes ? 0.0F : 2e-6F * largest_term() * 1.5F;
    for (size_t i = 0; i < want.size(); ++i) {
      DeviceDetection got;
      std::memcpy(&got, block.data() + sizeof(header) + i * sizeof(got), sizeof(got));
      const engine::Detection& w = want[i];
      const float score_bound = spec_.scores_are_logits ? 5e-7F * w.score : 0.0F;
      const auto near = [&](float a, float b) { return std::abs(a - b) <= box_bound; };
      if (got.class_id == w.class_id && std::abs(got.score - w.score) <= score_bound &&
          near(got.x1, w.x1) && near(got.y1, w.y1) && near(got.x2, w.x2) && near(got.y2, w.y2)) {
        continue;
      }
      wrong.precision(9);
      wrong << "detection " << i << " of " << want.size() << ": class " << got.class_id << " "
            << got.score << " at " << got.x1 << " " << got.y1 << " " << got.x2 << " " << got.y2
            << ", not class " << w.class_id << " " << w.score << " at " << w.x1 << " " << w.y1
            << " " << w.x2 << " " << w.y2 << "\n";
      return wrong.str();
    }
    for (size_t i = sizeof(header) + want.size() * sizeof(DeviceDetection); i < block.size(); ++i) {
      if (block[i] != 0xA5) return "the block was written past its detections\n";
    }
    return "";
  }

  // Of the boxes' formulas, in network-input pixels.
  float largest_term() const {
    float largest = 0.0F;
    for (const engine::HeadLevel& level : levels_) {
      const auto cells = static_cast<float>(level.grid_width + level.count / level.grid_width);
      const auto reach = static_cast<float>(spec_.bins) + 21.0F;  // exp(3) at most
      largest = std::max({largest, cells * level.stride, reach * level.stride,
                          4.0F * level.anchor_w, 4.0F * level.anchor_h});
    }
    return largest;
  }

  engine::HeadSpec spec_;
  engine::DecodeOptions options_;
  bool half_;
  int32_t pixels_ = 0;
  std::vector<std::vector<float>> blocks_;
  std::vector<engine::HeadLevel> levels_;
  mutable std::vector<pawl::cuda::CUdeviceptr> blocks_on_device_;
};

}  // namespace pawl::kernels::cuda
