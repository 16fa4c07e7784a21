#include "engine/head/head_match.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "engine/head/row_structure.h"

namespace pawl::engine {
namespace {

// Sets of strides that detectors use, the usual one first.
constexpr int32_t kStrideSets[][4] = {{8, 16, 32, 0}, {8, 16, 32, 64}, {4, 8, 16, 32},
                                      {4, 8, 16, 0},  {16, 32, 0, 0},  {8, 16, 0, 0},
                                      {8, 0, 0, 0},   {16, 0, 0, 0},   {32, 0, 0, 0}};
constexpr int32_t kDefaultStrides[] = {8, 16, 32};

struct Grid {
  int32_t stride = 0, width = 0, height = 0;
  int32_t cells() const { return width * height; }
};

// Convolutions of stride 2 round up.
Grid grid_of(const MatchContext& context, int32_t stride) {
  return {stride, (context.width + stride - 1) / stride, (context.height + stride - 1) / stride};
}

// The grids whose cells, `per_cell` boxes each, number `count`; empty when there are none.
std::vector<Grid> grids_for(const MatchContext& context, int64_t count, int32_t per_cell) {
  for (const auto& set : kStrideSets) {
    std::vector<Grid> grids;
    int64_t boxes = 0;
    for (const int32_t stride : set) {
      if (stride == 0) continue;
      grids.push_back(grid_of(context, stride));
      boxes += int64_t{grids.back().cells()} * per_cell;
    }
    if (context.largest_stride != 0 && grids.back().stride != context.largest_stride) continue;
    if (boxes == count) return grids;
  }
  return {};
}

// An output (1, rows, columns).
struct Matrix {
  int32_t output = -1;
  int64_t rows = 0, columns = 0;
};

std::vector<Matrix> matrices(const MatchContext& context) {
  std::vector<Matrix> found;
  for (size_t i = 0; i < context.model.outputs.size(); ++i) {
    const std::vector<int64_t>& shape = context.model.outputs[i].shape;
    if (shape.size() == 3 && shape[0] == 1) {
      found.push_back({static_cast<int32_t>(i), shape[1], shape[2]});
    }
  }
  return found;
}

HeadSpec family_head(const HeadFamily& family, OutputLayout layout, int64_t classes) {
  HeadSpec head;
  head.layout = layout;
  head.box = family.box;
  head.classes = static_cast<int32_t>(classes);
  head.objectness = family.objectness;
  head.nms = family.nms;
  return head;
}

bool classes_ok(int64_t classes) {
  return classes >= 1 && classes <= kMaxClasses;
}

// Points for the class count: agreeing with the names is strong evidence.
int32_t name_points(const MatchContext& context, int64_t classes) {
  return context.named != 0 && context.named == classes ? 2 : 0;
}

// A level over `count` consecutive rows of a (rows, columns) matrix, or columns of its transpose.
LevelBinding whole_level(const Matrix& matrix, bool transposed, int64_t first, int64_t count,
                         bool objectness) {
  const int64_t pixel = transposed ? 1 : matrix.columns;
  const int64_t channel = transposed ? matrix.columns : 1;
  LevelBinding level;
  level.count = static_cast<int32_t>(count);
  const int64_t offset = first * pixel;
  level.box = {matrix.output, offset, pixel, channel};
  if (objectness) level.objectness = {matrix.output, offset + 4 * channel, pixel, channel};
  level.scores = {matrix.output, offset + (objectness ? 5 : 4) * channel, pixel, channel};
  return level;
}

void mention_ignored(const MatchContext& context, size_t used, HeadMatch* match) {
  const size_t all = context.model.outputs.size();
  if (all > used) {
    match->assumptions.push_back("detections are read from " + std::to_string(used) + " of the " +
                                 std::to_string(all) + " outputs; the others are ignored");
  }
}

// Points for what the nodes in front of an output say about its rows; none where they contradict
// the family.
std::optional<int32_t> node_points(const HeadFamily& family, const OutputOutline& output,
                                   const std::optional<RowStructure>& row, bool named) {
  if (!row) return 0;
  if (row->class_index || (row->extra != 0 && !named)) return std::nullopt;
  if (row->objectness && *row->objectness != family.objectness) return std::nullopt;
  // Fractions of the input, as of DETR and its kin: no family here.
  if (row->box == OutputPart::Source::kSigmoid) return std::nullopt;
  int32_t points = row->objectness ? 4 : 1;
  if (family.shape == HeadShape::kGridRows) {
    // Boxes relative to their cell leave their convolution as they are; decoded ones pass an Exp.
    const bool relative = row->box == OutputPart::Source::kConvolution;
    if (row->constant_objectness || (!output.exp && !relative)) return std::nullopt;
    ++points;
  }
  return points;
}

// One output that holds everything, decoded or relative to its grid.
HeadMatch match_whole(const HeadFamily& family, const MatchContext& context) {
  HeadMatch best;
  bool decoded_best = true;
  const bool transposed = family.shape == HeadShape::kColumns;
  const int32_t fixed = family.objectness ? 5 : 4;
  for (const Matrix& matrix : matrices(context)) {
    const OutputOutline& output = context.model.outputs[static_cast<size_t>(matrix.output)];
    const bool decoded = family.shape != HeadShape::kGridRows || output.exp;
    const int64_t boxes = transposed ? matrix.columns : matrix.rows;
    const int64_t classes = (transposed ? matrix.rows : matrix.columns) - fixed;
    if (!classes_ok(classes)) continue;
    const std::vector<Grid> grids = grids_for(context, boxes, family.boxes_per_cell);
    const int32_t named = name_points(context, classes);
    const std::optional<RowStructure> row = row_structure(output, transposed ? 1 : 2);
    const std::optional<int32_t> points = node_points(family, output, row, named != 0);
    if (!points && !context.by_user) continue;
    // Decoded boxes need no grid: the names may vouch for unusual strides.
    const bool vouched = decoded && named != 0 && boxes > classes;
    if (grids.empty() && !vouched) continue;
    // One stride alone is weak: any row of pixels has some number of cells.
    const int32_t strength = (grids.size() < 2 ? 1 : 2) + named + points.value_or(0);
    if (strength <= best.strength) continue;

    best.strength = strength;
    best.levels.clear();
    best.assumptions.clear();
    decoded_best = decoded;
    if (decoded && row && row->box == OutputPart::Source::kConvolution) {
      best.assumptions.push_back(
          "boxes taken as decoded, though they come straight from a convolution");
    }
    best.head =
        family_head(family, transposed ? OutputLayout::kColumns : OutputLayout::kRows, classes);
    if (decoded) {
      best.head.box = BoxCode::kCxcywh;
      best.levels.push_back(whole_level(matrix, transposed, 0, boxes, family.objectness));
      continue;
    }
    int64_t first = 0;
    for (const Grid& grid : grids) {
      LevelBinding level = whole_level(matrix, transposed, first, grid.cells(), family.objectness);
      level.grid_width = grid.width;
      level.stride = static_cast<float>(grid.stride);
      best.levels.push_back(level);
      first += grid.cells();
    }
  }
  if (best.strength == 0) return best;
  mention_ignored(context, 1, &best);
  if (family.shape == HeadShape::kGridRows) {
    best.assumptions.push_back(decoded_best
                                   ? "boxes taken as decoded by the network, which has an Exp"
                                   : "boxes taken as relative to their grid cell: the network has "
                                     "no Exp that would have decoded them");
  }
  return best;
}

// How likely (1, K, 6) holds corners, score and class. It does where the class is an index, or the
// best K were chosen and the graph tells no more.
int32_t end_to_end_strength(const MatchContext& context, const Matrix& matrix) {
  constexpr int64_t kUsualMost = 1000;  // rows; as many as cells is the mark of another head
  if (context.end_to_end.value_or(false)) return 9;
  const OutputOutline& output = context.model.outputs[static_cast<size_t>(matrix.output)];
  const std::optional<RowStructure> row = row_structure(output, 2);
  if (row ? row->class_index : output.ranked) return 8;
  if ((row || context.end_to_end) && !context.by_user) return 0;
  if (matrix.rows > kUsualMost) return 1;
  return context.named != 0 ? 3 : 2;  // names of any number fit
}

HeadMatch match_end_to_end(const HeadFamily& family, const MatchContext& context) {
  HeadMatch match;
  for (const Matrix& matrix : matrices(context)) {
    if (matrix.columns != 6) continue;
    match.strength = end_to_end_strength(context, matrix);
    if (match.strength == 0) continue;
    match.head = family_head(family, OutputLayout::kEndToEnd, 0);
    match.levels = {whole_level(matrix, false, 0, matrix.rows, false)};
    mention_ignored(context, 1, &match);
    return match;
  }
  return match;
}

HeadMatch match_anchor_maps(const HeadFamily& family, const MatchContext& context) {
  HeadMatch match;
  int64_t channels = 0;
  size_t used = 0;
  for (size_t s = 0; s < std::size(kDefaultStrides); ++s) {
    const Grid grid = grid_of(context, kDefaultStrides[s]);
    const std::vector<int64_t> wanted = {1, 3, grid.height, grid.width};
    for (size_t i = 0; i < context.model.outputs.size(); ++i) {
      const OutputOutline& output = context.model.outputs[i];
      if (output.shape.size() != 5 ||
          !std::equal(wanted.begin(), wanted.end(), output.shape.begin())) {
        continue;
      }
      if (channels != 0 && channels != output.shape[4]) continue;
      if (output.activation == OutputActivation::kSigmoid) {
        match.reason =
            "the feature maps passed a sigmoid already, but their boxes are not "
            "decoded; export with the decoded output";
        return match;
      }
      channels = output.shape[4];
      ++used;
      for (int64_t a = 0; a < 3; ++a) {
        const int64_t offset = a * grid.cells() * channels;
        const auto o = static_cast<int32_t>(i);
        LevelBinding level;
        level.count = grid.cells();
        level.grid_width = grid.width;
        level.stride = static_cast<float>(grid.stride);
        level.anchor_w = family.anchors[s * 6 + static_cast<size_t>(a) * 2];
        level.anchor_h = family.anchors[s * 6 + static_cast<size_t>(a) * 2 + 1];
        level.box = {o, offset, channels, 1};
        level.objectness = {o, offset + 4, channels, 1};
        level.scores = {o, offset + 5, channels, 1};
        match.levels.push_back(level);
      }
      break;
    }
  }
  if (used != std::size(kDefaultStrides) || !classes_ok(channels - 5)) return {};
  // Beside a decoded output, the maps are only what it was made of.
  match.strength =
      (used == context.model.outputs.size() ? 3 : 1) + name_points(context, channels - 5);
  match.head = family_head(family, OutputLayout::kMaps, channels - 5);
  match.head.scores_are_logits = true;
  match.assumptions.push_back(std::string("anchors are ") + family.name +
                              "'s defaults, the maps taken as logits");
  mention_ignored(context, used, &match);
  return match;
}

// A feature map: (1, cells, C), whose stride follows from its cells, or (1, C, H, W).
struct FeatureMap {
  Grid grid;
  int64_t channels = 0;
  OutputSlice slice;
  const OutputOutline* outline = nullptr;
};

std::optional<FeatureMap> feature_map(const MatchContext& context, size_t index) {
  const OutputOutline& output = context.model.outputs[index];
  const std::vector<int64_t>& shape = output.shape;
  const auto o = static_cast<int32_t>(index);
  for (int32_t stride = 4; stride <= 128; stride *= 2) {
    const Grid grid = grid_of(context, stride);
    const int64_t cells = grid.cells();
    if (shape.size() == 3 && shape[0] == 1 && shape[1] == cells) {
      return FeatureMap{grid, shape[2], {o, 0, shape[2], 1}, &output};
    }
    if (shape.size() == 4 && shape[0] == 1 && shape[2] == grid.height && shape[3] == grid.width) {
      return FeatureMap{grid, shape[1], {o, 0, 1, cells}, &output};
    }
  }
  return std::nullopt;
}

bool mentions(std::string_view name, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
    return name.find(word) != std::string_view::npos;
  });
}

// How much a map looks like distances rather than classes; of a pair the larger is the boxes.
int32_t distance_points(const FeatureMap& map, const MatchContext& context, int32_t bins) {
  int32_t points = 0;
  if (context.named != 0 && map.channels == context.named) points -= 4;
  if (mentions(map.outline->name, {"cls", "class", "score", "conf"})) points -= 4;
  if (mentions(map.outline->name, {"dis", "box", "reg", "loc"})) points += 4;
  if (map.outline->activation == OutputActivation::kSigmoid) points -= 2;
  if (map.outline->activation == OutputActivation::kNone) points += 1;
  if (map.channels == int64_t{4} * bins) points += 2;
  return points;
}

HeadMatch match_distance_maps(const HeadFamily& family, const MatchContext& context) {
  HeadMatch match;
  std::vector<FeatureMap> maps;
  for (size_t i = 0; i < context.model.outputs.size(); ++i) {
    if (std::optional<FeatureMap> map = feature_map(context, i)) maps.push_back(*map);
  }
  std::stable_sort(maps.begin(), maps.end(), [](const FeatureMap& a, const FeatureMap& b) {
    return a.grid.stride < b.grid.stride;
  });
  // In pairs, or this is something else.
  if (maps.size() < 4 || maps.size() % 2 != 0 || maps.size() != context.model.outputs.size()) {
    return match;
  }
  int64_t classes = 0;
  bool logits = false;
  bool activation_known = true;
  for (size_t i = 0; i < maps.size(); i += 2) {
    const bool swapped = distance_points(maps[i], context, family.bins) >
                         distance_points(maps[i + 1], context, family.bins);
    const FeatureMap& boxes = swapped ? maps[i] : maps[i + 1];
    const FeatureMap& scores = swapped ? maps[i + 1] : maps[i];
    const bool first = i == 0;
    if (boxes.grid.stride != scores.grid.stride || boxes.channels != int64_t{4} * family.bins ||
        !classes_ok(scores.channels) || (!first && classes != scores.channels)) {
      return match;
    }
    classes = scores.channels;
    logits = scores.outline->activation == OutputActivation::kNone;
    activation_known = activation_known && scores.outline->activation != OutputActivation::kUnknown;
    LevelBinding level;
    level.count = boxes.grid.cells();
    level.grid_width = boxes.grid.width;
    level.stride = static_cast<float>(boxes.grid.stride);
    level.box = boxes.slice;
    level.scores = scores.slice;
    match.levels.push_back(level);
  }
  match.strength = 4 + name_points(context, classes);
  match.head = family_head(family, OutputLayout::kMaps, classes);
  match.head.bins = family.bins;
  match.head.scores_are_logits = logits;
  if (!activation_known) {
    match.assumptions.push_back("class scores taken as probabilities (after a sigmoid)");
  }
  return match;
}

HeadMatch match_boxes_and_scores(const HeadFamily& family, const MatchContext& context) {
  HeadMatch match;
  const std::vector<Matrix> all = matrices(context);
  for (const Matrix& boxes : all) {
    if (boxes.columns != 4) continue;
    for (const Matrix& scores : all) {
      if (scores.output == boxes.output) continue;
      const bool rows = scores.rows == boxes.rows;
      if (!rows && scores.columns != boxes.rows) continue;
      const int64_t classes = rows ? scores.columns : scores.rows;
      if (!classes_ok(classes)) continue;
      // PP-YOLOE is the family whose scores lie across.
      const bool typical = rows != (std::string_view(family.name) == "ppyoloe");
      const int32_t strength = 2 + name_points(context, classes) + (typical ? 1 : 0);
      if (strength <= match.strength) continue;
      match.strength = strength;
      match.head = family_head(family, OutputLayout::kMaps, classes);
      LevelBinding level;
      level.count = static_cast<int32_t>(boxes.rows);
      level.box = {boxes.output, 0, 4, 1};
      level.scores = rows ? OutputSlice{scores.output, 0, scores.columns, 1}
                          : OutputSlice{scores.output, 0, 1, scores.columns};
      match.levels = {level};
    }
  }
  if (match.strength > 0) mention_ignored(context, 2, &match);
  return match;
}

}  // namespace

HeadMatch match_family(const HeadFamily& family, const MatchContext& context) {
  switch (family.shape) {
    case HeadShape::kColumns:
    case HeadShape::kRows:
    case HeadShape::kGridRows:
      return match_whole(family, context);
    case HeadShape::kEndToEnd:
      return match_end_to_end(family, context);
    case HeadShape::kAnchorMaps:
      return match_anchor_maps(family, context);
    case HeadShape::kDistanceMaps:
      return match_distance_maps(family, context);
    case HeadShape::kBoxesAndScores:
      return match_boxes_and_scores(family, context);
    case HeadShape::kNone:
      break;
  }
  return {};
}

}  // namespace pawl::engine
