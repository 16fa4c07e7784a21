#include "engine/compile/head_candidates.h"

#include <algorithm>
#include <map>

#include "engine/passes/rewrite.h"

namespace pawl::engine {
namespace {

// The 1x1 convolution with one output that takes the expectation of a distribution (DFL) belongs to
// the tail. The distribution tells it from the scores of a single class.
bool is_projection(const Graph& graph, const Uses& uses, const Node& conv) {
  const Shape& weight = graph.value(conv.inputs[1]).shape;
  if (weight.size() != 4 || weight[0] != 1 || weight[2] != 1 || weight[3] != 1) return false;
  ValueId source = conv.inputs[0];
  while (const Node* transpose = producer_of(graph, uses, source, Op::kTranspose)) {
    source = transpose->inputs[0];
  }
  return producer_of(graph, uses, source, Op::kSoftmax) != nullptr;
}

int64_t channels(const Graph& graph, ValueId map) {
  return graph.value(map).shape[1];
}

bool sigmoid_done(const Graph& graph, const Uses& uses, ValueId map) {
  const Node* conv = producer_of(graph, uses, map, Op::kConv);
  return conv != nullptr && conv->has("activation") && conv->text("activation") == "sigmoid";
}

// One way to cut a level's maps into box, scores and objectness.
struct Cut {
  MapRange box, scores, objectness;
  bool anchors = false;  // three boxes a cell, each (x y w h objectness classes)
};

std::vector<Cut> cuts(const Graph& graph, const std::vector<ValueId>& maps, int64_t classes) {
  std::vector<Cut> found;
  const auto whole = [&](ValueId map) { return MapRange{map, 0, channels(graph, map)}; };
  if (maps.size() == 1) {
    const int64_t C = channels(graph, maps[0]);
    if (C == 3 * (5 + classes)) {
      found.push_back(Cut{{maps[0], 0, 4}, {maps[0], 5, classes}, {maps[0], 4, 1}, true});
    }
    const int64_t box = C - classes;
    if (box > 0 && box % 4 == 0) {
      found.push_back(Cut{{maps[0], 0, box}, {maps[0], box, classes}, {}});
      found.push_back(Cut{{maps[0], classes, box}, {maps[0], 0, classes}, {}});
    }
  } else if (maps.size() == 2) {
    for (const auto& [box, scores] : {std::pair(maps[0], maps[1]), std::pair(maps[1], maps[0])}) {
      if (channels(graph, scores) != classes || channels(graph, box) % 4 != 0) continue;
      found.push_back(Cut{whole(box), whole(scores), {}});
    }
  } else if (maps.size() == 3) {
    std::vector<ValueId> order = maps;
    std::sort(order.begin(), order.end());
    do {
      if (channels(graph, order[0]) != 4 || channels(graph, order[1]) != 1 ||
          channels(graph, order[2]) != classes) {
        continue;
      }
      found.push_back(Cut{whole(order[0]), whole(order[2]), whole(order[1])});
    } while (std::next_permutation(order.begin(), order.end()));
  }
  return found;
}

// Box codes for maps with `per_side` numbers a side.
std::vector<BoxCode> codes(const Cut& cut) {
  if (cut.anchors) return {BoxCode::kYolov5};
  if (cut.box.channels > 4) return {BoxCode::kDfl};
  return {BoxCode::kLtrb, BoxCode::kYolox};
}

void add_level(const MapGroup& group, const Cut& cut, float stride, FusedHead* head) {
  FusedLevel level{.box = cut.box,
                   .scores = cut.scores,
                   .objectness = cut.objectness,
                   .height = static_cast<int32_t>(group.height),
                   .width = static_cast<int32_t>(group.width),
                   .stride = stride};
  const int boxes = cut.anchors ? 3 : 1;
  const int64_t step = 5 + cut.scores.channels;
  for (int a = 0; a < boxes; ++a) {
    if (cut.anchors) level.anchor_w = level.anchor_h = 1.0F;
    head->levels.push_back(level);
    level.box.first += step;
    level.scores.first += step;
    level.objectness.first += step;
  }
}

}  // namespace

std::vector<MapGroup> head_maps(const Graph& graph) {
  const Uses uses = compute_uses(graph);
  std::vector<bool> seen(graph.values.size(), false);
  std::vector<ValueId> open = graph.outputs;
  std::map<std::pair<int64_t, int64_t>, std::vector<int32_t>> by_size;  // nodes by map size
  while (!open.empty()) {
    const ValueId id = open.back();
    open.pop_back();
    if (id == kNoValue || seen[static_cast<size_t>(id)] || graph.value(id).constant) continue;
    seen[static_cast<size_t>(id)] = true;
    const int32_t producer = uses.producer[static_cast<size_t>(id)];
    if (producer < 0) return {};  // the graph's input: not a head
    const Node& node = graph.nodes[static_cast<size_t>(producer)];
    const Shape& shape = graph.value(id).shape;
    if (node.op == Op::kConv && shape.size() == 4 && !is_projection(graph, uses, node)) {
      by_size[{shape[2], shape[3]}].push_back(producer);
      continue;
    }
    open.insert(open.end(), node.inputs.begin(), node.inputs.end());
  }
  std::vector<MapGroup> groups;
  for (auto& [size, nodes] : by_size) {
    std::sort(nodes.begin(), nodes.end());
    MapGroup group{size.first, size.second, {}};
    for (const int32_t node : nodes) {
      group.maps.push_back(graph.nodes[static_cast<size_t>(node)].outputs[0]);
    }
    groups.push_back(std::move(group));
  }
  std::sort(groups.begin(), groups.end(), [](const MapGroup& a, const MapGroup& b) {
    return a.height * a.width > b.height * b.width;
  });
  return groups;
}

std::vector<FusedHead> head_candidates(const Graph& graph, const std::vector<MapGroup>& groups,
                                       const HeadGuess& guess) {
  std::vector<FusedHead> candidates;
  if (groups.empty()) return candidates;
  const Uses uses = compute_uses(graph);
  const auto input_height = static_cast<float>(guess.pre.height);
  std::vector<int64_t> classes = {guess.head.classes};
  if (guess.head.layout == OutputLayout::kEndToEnd) {
    // Its output does not say how many classes there are; a score map does.
    for (const ValueId map : groups[0].maps) classes.push_back(channels(graph, map));
  }
  for (const int64_t count : classes) {
    const std::vector<Cut> first = cuts(graph, groups[0].maps, count);
    for (size_t choice = 0; choice < first.size(); ++choice) {
      for (const BoxCode code : codes(first[choice])) {
        FusedHead candidate;
        candidate.head =
            HeadSpec{.layout = OutputLayout::kMaps,
                     .box = code,
                     .classes = static_cast<int32_t>(count),
                     .bins = static_cast<int32_t>(first[choice].box.channels / 4),
                     .cell_offset = guess.head.cell_offset,
                     .objectness = first[choice].objectness.value != kNoValue,
                     .scores_are_logits = !sigmoid_done(graph, uses, first[choice].scores.value),
                     .nms = guess.head.nms};
        for (const MapGroup& group : groups) {
          const std::vector<Cut> same = cuts(graph, group.maps, count);
          if (same.size() != first.size()) break;
          add_level(group, same[choice], input_height / static_cast<float>(group.height),
                    &candidate);
        }
        const size_t boxes = first[choice].anchors ? 3 : 1;
        if (candidate.levels.size() == groups.size() * boxes) candidates.push_back(candidate);
      }
    }
  }
  return candidates;
}

}  // namespace pawl::engine
