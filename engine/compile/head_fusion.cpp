#include "engine/compile/head_fusion.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <random>

#include "engine/compile/head_candidates.h"
#include "engine/detect/decode.h"
#include "engine/detect/level_binding.h"
#include "engine/passes/rewrite.h"
#include "engine/reference/reference.h"

namespace pawl::engine {
namespace {

// Pixels given a high score in each trial, and how many of them must come back as detections for
// the trial to prove anything (some boxes fall outside the input).
constexpr int kRaised = 48;
constexpr size_t kDetectionsMin = 12;
constexpr uint64_t kSeeds[] = {1, 2, 3};

// Pixels around the input in which boxes are compared as well. Clipped to a small input, boxes of
// large strides would all be the whole input, whatever their arithmetic.
constexpr int32_t kMargin = 4096;

// The graph from the maps on. Its inputs are the maps, in the order of `maps`.
Graph tail_of(const Graph& graph, const std::vector<ValueId>& maps) {
  Graph tail = graph;
  std::vector<Node> nodes;
  for (Node& node : tail.nodes) {
    const bool makes_map = std::any_of(node.outputs.begin(), node.outputs.end(), [&](ValueId id) {
      return std::find(maps.begin(), maps.end(), id) != maps.end();
    });
    if (!makes_map) nodes.push_back(std::move(node));
  }
  tail.nodes = std::move(nodes);
  tail.inputs = maps;
  remove_dead_nodes(&tail);
  return tail;
}

class Trial {
 public:
  Trial(const Graph& graph, const std::vector<ValueId>& maps, const HeadGuess& guess)
      : maps_(maps),
        guess_(guess),
        tail_(tail_of(graph, maps)),
        rounded_constants_(graph.rounded_constants) {
    for (const ValueId map : maps) values_.emplace_back(DType::kFloat32, graph.value(map).shape);
  }

  // The anchors that the tail multiplies into sizes: what it gives for maps of zeros.
  bool measure_anchors(FusedHead* candidate);

  // Whether decoder and tail agree on random maps. Sets candidate->rounded where they only nearly
  // do.
  bool agrees(FusedHead* candidate, uint64_t seed);

 private:
  Tensor& tensor(ValueId map) {
    const auto at = std::find(maps_.begin(), maps_.end(), map);
    return values_[static_cast<size_t>(at - maps_.begin())];
  }
  float& element(const MapRange& range, int64_t channel, int64_t pixel) {
    Tensor& t = tensor(range.value);
    const int64_t pixels = t.shape()[2] * t.shape()[3];
    return t.as<float>()[static_cast<size_t>((range.first + channel) * pixels + pixel)];
  }
  void fill(const FusedHead& candidate, std::mt19937_64* random);
  std::vector<Detection> decode(const HeadSpec& spec, std::span<const HeadLevel> levels) const;
  std::vector<HeadLevel> exported_levels(const std::vector<Tensor>& outputs) const;
  std::vector<HeadLevel> fused_levels(const FusedHead& candidate);

  const std::vector<ValueId>& maps_;
  const HeadGuess& guess_;
  Graph tail_;
  bool rounded_constants_;
  std::vector<Tensor> values_;  // of maps_
};

std::vector<HeadLevel> Trial::exported_levels(const std::vector<Tensor>& outputs) const {
  std::vector<const float*> pointers;
  for (const Tensor& output : outputs) pointers.push_back(output.as<float>().data());
  std::vector<HeadLevel> levels(guess_.levels.size());
  bind_levels(guess_.levels, pointers, levels);
  return levels;
}

std::vector<HeadLevel> Trial::fused_levels(const FusedHead& candidate) {
  std::vector<HeadLevel> levels;
  for (const FusedLevel& level : candidate.levels) {
    const int32_t pixels = level.height * level.width;
    const auto map = [&](const MapRange& range) {
      if (range.value == kNoValue) return HeadMap{};
      return HeadMap{.data = &element(range, 0, 0), .pixel = 1, .channel = pixels};
    };
    levels.push_back(HeadLevel{.count = pixels,
                               .grid_width = level.width,
                               .stride = level.stride,
                               .anchor_w = level.anchor_w,
                               .anchor_h = level.anchor_h,
                               .box = map(level.box),
                               .scores = map(level.scores),
                               .objectness = map(level.objectness)});
  }
  return levels;
}

std::vector<Detection> Trial::decode(const HeadSpec& spec,
                                     std::span<const HeadLevel> levels) const {
  int32_t pixels = 0;
  for (const HeadLevel& level : levels) pixels += level.count;
  Result<Decoder> decoder =
      Decoder::create(spec, DecodeOptions{.confidence = 0.25F, .iou = 1.0F}, pixels);
  if (!decoder.ok()) return {};
  const Placement whole{.offset_x = -kMargin,
                        .offset_y = -kMargin,
                        .frame_width = guess_.pre.width + 2 * kMargin,
                        .frame_height = guess_.pre.height + 2 * kMargin};
  const std::span<const Detection> found = decoder.value().decode(levels, whole);
  std::vector<Detection> sorted(found.begin(), found.end());
  std::sort(sorted.begin(), sorted.end(), [](const Detection& a, const Detection& b) {
    return a.class_id != b.class_id ? a.class_id < b.class_id : a.score > b.score;
  });
  return sorted;
}

// Moderate boxes everywhere, scores near zero but for kRaised pixels, whose scores all differ.
void Trial::fill(const FusedHead& candidate, std::mt19937_64* random) {
  std::normal_distribution<float> box(0.0F, 1.0F);
  std::uniform_real_distribution<float> small(0.0F, 1.0F);
  const bool logits = candidate.head.scores_are_logits;
  for (Tensor& map : values_) {
    for (float& value : map.as<float>()) value = box(*random);
  }
  const auto low = [&] { return logits ? -9.0F - small(*random) : 0.001F * small(*random); };
  for (const FusedLevel& level : candidate.levels) {
    for (int64_t p = 0; p < int64_t{level.height} * level.width; ++p) {
      for (int64_t c = 0; c < level.scores.channels; ++c) element(level.scores, c, p) = low();
      if (level.objectness.value != kNoValue) element(level.objectness, 0, p) = low();
      // Distances are positive in trained networks; negative ones make boxes inside out.
      if (candidate.head.box == BoxCode::kLtrb) {
        for (int64_t c = 0; c < 4; ++c) {
          element(level.box, c, p) = std::abs(element(level.box, c, p)) + 0.5F;
        }
      }
    }
  }
  for (int i = 0; i < kRaised; ++i) {
    const FusedLevel& level = candidate.levels[(*random)() % candidate.levels.size()];
    const auto pixels = static_cast<uint64_t>(level.height) * static_cast<uint64_t>(level.width);
    const auto pixel = static_cast<int64_t>((*random)() % pixels);
    const auto c = static_cast<int64_t>((*random)() % static_cast<uint64_t>(level.scores.channels));
    const float rank = static_cast<float>(i) / kRaised;
    element(level.scores, c, pixel) = logits ? 0.2F + 3.0F * rank : 0.6F + 0.35F * rank;
    if (level.objectness.value != kNoValue) {
      element(level.objectness, 0, pixel) = logits ? 3.0F : 0.97F;
    }
  }
}

bool Trial::measure_anchors(FusedHead* candidate) {
  for (Tensor& map : values_) {
    for (float& value : map.as<float>()) value = 0.0F;
  }
  const Result<std::vector<Tensor>> outputs = run_reference(tail_, values_);
  if (!outputs.ok()) return false;
  const std::vector<HeadLevel> exported = exported_levels(outputs.value());
  if (exported.size() != 1 || guess_.head.box != BoxCode::kCxcywh) return false;
  int64_t row = 0;  // of the level's first candidate
  for (FusedLevel& level : candidate->levels) {
    if (row >= exported[0].count) return false;
    const float* size = exported[0].box.data + row * exported[0].box.pixel;
    level.anchor_w = size[2 * exported[0].box.channel];
    level.anchor_h = size[3 * exported[0].box.channel];
    row += int64_t{level.height} * level.width;
  }
  return true;
}

// The largest difference of two boxes in units of what 8-bit anchors (a share of a cell, of which a
// box has some), strides (a share of the coordinates) and bins leave uncertain.
float rounding_between(const Detection& a, const Detection& b) {
  const float size = std::max(a.x2 - a.x1, a.y2 - a.y1);
  const float a_sides[] = {a.x1, a.y1, a.x2, a.y2};
  const float b_sides[] = {b.x1, b.y1, b.x2, b.y2};
  float largest = 0.0F;
  for (size_t i = 0; i < 4; ++i) {
    const float explained =
        0.03F * size + 0.015F * std::abs(a_sides[i] - static_cast<float>(kMargin));
    largest = std::max(largest, std::abs(a_sides[i] - b_sides[i]) / explained);
  }
  return largest;
}

bool Trial::agrees(FusedHead* candidate, uint64_t seed) {
  std::mt19937_64 random(seed);
  fill(*candidate, &random);
  const Result<std::vector<Tensor>> outputs = run_reference(tail_, values_);
  if (!outputs.ok()) return false;
  const std::vector<Detection> expected = decode(guess_.head, exported_levels(outputs.value()));
  const std::vector<Detection> fused = decode(candidate->head, fused_levels(*candidate));
  if (expected.size() < kDetectionsMin || expected.size() != fused.size()) return false;
  for (size_t i = 0; i < fused.size(); ++i) {
    const Detection& a = expected[i];
    const Detection& b = fused[i];
    const float pixels = 0.02F;
    if (a.class_id != b.class_id || std::abs(a.score - b.score) > 1e-4F) return false;
    const bool equal = std::abs(a.x1 - b.x1) <= pixels && std::abs(a.y1 - b.y1) <= pixels &&
                       std::abs(a.x2 - b.x2) <= pixels && std::abs(a.y2 - b.y2) <= pixels;
    if (equal) continue;
    if (!rounded_constants_ || !(rounding_between(a, b) <= 1.0F)) return false;
    candidate->rounded = true;
  }
  return true;
}

}  // namespace

std::optional<FusedHead> fuse_head(Graph* graph, const HeadGuess& guess) {
  if (guess.levels.empty()) return std::nullopt;
  const std::vector<MapGroup> groups = head_maps(*graph);
  std::vector<ValueId> maps;
  for (const MapGroup& group : groups) {
    maps.insert(maps.end(), group.maps.begin(), group.maps.end());
  }
  for (FusedHead& candidate : head_candidates(*graph, groups, guess)) {
    Trial trial(*graph, maps, guess);
    if (candidate.head.box == BoxCode::kYolov5 && !trial.measure_anchors(&candidate)) continue;
    const bool proved = std::all_of(std::begin(kSeeds), std::end(kSeeds),
                                    [&](uint64_t seed) { return trial.agrees(&candidate, seed); });
    if (!proved) continue;
    graph->outputs = maps;
    remove_dead_nodes(graph);  // renumbers values; the outputs still stand in the order of `maps`
    const auto renumbered = [&](ValueId old) {
      if (old == kNoValue) return kNoValue;
      const auto at = std::find(maps.begin(), maps.end(), old) - maps.begin();
      return graph->outputs[static_cast<size_t>(at)];
    };
    for (FusedLevel& level : candidate.levels) {
      level.box.value = renumbered(level.box.value);
      level.scores.value = renumbered(level.scores.value);
      level.objectness.value = renumbered(level.objectness.value);
    }
    return candidate;
  }
  return std::nullopt;
}

}  // namespace pawl::engine
