// Attention over the pixels of an image, in whatever order its channels hold queries, keys and
// values, wherever the scale stands and however the matrices are turned:
//   scores = Softmax over keys(scale * MatMul(queries, keys))
//   y = MatMul(scores, values), laid out as an image again
// YOLO10, 11 and 26 attend over the whole image, YOLO12 over bands of it ("areas").
#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "engine/passes/passes.h"
#include "engine/passes/rearrangement.h"
#include "engine/passes/rewrite.h"

namespace pawl::engine {
namespace {

bool is_image(const Value& value) {
  return value.shape.size() == 4 && value.shape[0] == 1 && value.dtype == DType::kFloat32 &&
         !value.constant;
}

int64_t pixels_of(const Value& image) {
  return image.shape[2] * image.shape[3];
}

// The axes of a stack of matrices.
struct Matrices {
  Steps batch, rows, columns;
};

Matrices matrices(const Rearrangement& value) {
  const size_t rank = value.axes.size();
  return {joined(value, 0, rank - 2), value.axes[rank - 2], value.axes[rank - 1]};
}

Steps along(int64_t extent, int64_t stride) {
  return normal(std::vector<Step>{{extent, stride}});
}

// The first product's result on its way through scale and softmax into the second product.
struct Weights {
  float scale;
  Steps keys;  // of the first product's result: what the softmax runs along
  const Node* second;
  size_t operand;     // of the second product
  Matrices matrices;  // of the first product's result, as the second product reads it
};

std::optional<Weights> follow_scores(const Graph& graph, const Uses& uses, ValueId scores) {
  Rearrangement moved = unmoved(graph, scores);
  std::optional<Weights> weights;
  for (ValueId at = scores;;) {
    const int32_t reader = sole_consumer(uses, at);
    if (reader < 0) return std::nullopt;
    const Node& node = graph.nodes[static_cast<size_t>(reader)];
    if (node.op == Op::kMatMul && weights) {
      if (moved.start != 0 || moved.axes.size() < 2) return std::nullopt;
      weights->second = &node;
      weights->operand = node.inputs[0] == at ? 0 : 1;
      weights->matrices = matrices(moved);
      return weights;
    }
    if (node.op == Op::kSoftmax && !weights) {
      const auto axis = static_cast<size_t>(node.integer("axis"));
      weights = Weights{moved.scale, moved.axes[axis], nullptr, 0, {}};
    } else {
      std::optional<Rearrangement> next = rearranged(graph, node, 0, moved);
      const bool scaled_weights = next && weights && next->scale != moved.scale;
      if (!next || scaled_weights || node.outputs.size() != 1) return std::nullopt;
      moved = std::move(*next);
    }
    at = node.outputs[0];
  }
}

// Where the heads' channels of one operand begin, and which pixels they attend over.
struct Operand {
  ValueId image;
  int64_t first;     // channel
  int64_t step;      // channels from head to head
  int64_t extent;    // channels of a head
  bool areas_first;  // the batch counts areas, and heads in each; else the other way round
  int64_t heads, areas;
};

std::optional<Operand> operand_of(const Graph& graph, const Rearrangement& value,
                                  const Steps& tokens, const Steps& features) {
  const Value& image = graph.value(value.source);
  if (!is_image(image)) return std::nullopt;
  const int64_t pixels = pixels_of(image);
  if (tokens.size() != 1 || tokens[0].stride != 1 || value.start % pixels != 0) return std::nullopt;
  if (features.size() > 1 || (!features.empty() && features[0].stride != pixels)) {
    return std::nullopt;
  }
  if (pixels % tokens[0].extent != 0) return std::nullopt;
  Operand operand{.image = value.source,
                  .first = value.start / pixels,
                  .step = 0,
                  .extent = features.empty() ? 1 : features[0].extent,
                  .areas_first = false,
                  .heads = 1,
                  .areas = pixels / tokens[0].extent};
  // In the one form, heads of one channel and the areas in each are a single step.
  Steps batch;
  for (const Step& step : joined(value, 0, value.axes.size() - 2)) {
    const bool areas =
        operand.areas > 1 && step.stride == tokens[0].extent && step.extent % operand.areas == 0;
    if (areas && step.extent != operand.areas) {
      batch.push_back({step.extent / operand.areas, pixels});
    }
    batch.push_back(areas ? Step{operand.areas, step.stride} : step);
  }
  bool in_areas = operand.areas == 1;
  for (const Step& step : batch) {
    if (step.stride > 0 && step.stride % pixels == 0 && operand.step == 0) {
      operand.step = step.stride / pixels;
      operand.heads = step.extent;
    } else if (step == Step{operand.areas, tokens[0].extent} && !in_areas) {
      in_areas = true;
      operand.areas_first = operand.heads == 1;
    } else {
      return std::nullopt;
    }
  }
  return in_areas ? std::optional(operand) : std::nullopt;
}

struct Block {
  Operand q, k, v;
  float scale;
  size_t result;  // the node that makes the image of results
};

bool attend_together(const Graph& graph, const Operand& a, const Operand& b) {
  const Shape& image = graph.value(a.image).shape;
  const Shape& other = graph.value(b.image).shape;
  return a.heads == b.heads && a.areas == b.areas && a.areas_first == b.areas_first &&
         image[2] == other[2] && image[3] == other[3];
}

// The node behind the second product where its result is an image again: channels by head, pixels
// by area, in order.
std::optional<size_t> follow_result(const Graph& graph, const Uses& uses, ValueId result,
                                    bool rows_are_queries, const Operand& v) {
  Rearrangement moved = unmoved(graph, result);
  const Shape& image = graph.value(v.image).shape;
  const int64_t tokens = pixels_of(graph.value(v.image)) / v.areas;
  const int64_t matrix = tokens * v.extent;
  const int64_t head = v.areas_first ? matrix : matrix * v.areas;
  const int64_t area = v.areas_first ? matrix * v.heads : matrix;
  const Steps channels = normal(
      std::vector<Step>{{v.heads, head}, {v.extent, rows_are_queries ? int64_t{1} : tokens}});
  const Steps pixels = normal(
      std::vector<Step>{{v.areas, area}, {tokens, rows_are_queries ? v.extent : int64_t{1}}});
  const Shape wanted = {1, v.heads * v.extent, image[2], image[3]};
  for (ValueId at = result;;) {
    const int32_t reader = sole_consumer(uses, at);
    if (reader < 0) return std::nullopt;
    const Node& node = graph.nodes[static_cast<size_t>(reader)];
    std::optional<Rearrangement> next = rearranged(graph, node, 0, moved);
    if (!next || next->scale != 1.0F || next->start != 0 || node.outputs.size() != 1) {
      return std::nullopt;
    }
    moved = std::move(*next);
    at = node.outputs[0];
    if (graph.value(at).shape == wanted && moved.axes[1] == channels &&
        joined(moved, 2, 4) == pixels) {
      return static_cast<size_t>(reader);
    }
  }
}

// Whether the softmax ran along all keys of a query and the second product sums over the same: of
// scores (tokens, tokens), whose rows are the queries or the keys.
bool sums_over_keys(const Weights& weights, bool row_queries, int64_t tokens) {
  const Steps keys = along(tokens, row_queries ? 1 : tokens);
  const Steps queries = along(tokens, row_queries ? tokens : 1);
  const bool left = weights.operand == 0;
  const Steps& summed = left ? weights.matrices.columns : weights.matrices.rows;
  const Steps& kept = left ? weights.matrices.rows : weights.matrices.columns;
  return weights.keys == keys && summed == keys && kept == queries;
}

std::optional<Block> match(const Graph& graph, const Uses& uses,
                           const std::vector<Rearrangement>& moved, const Node& first) {
  const auto operand = [&](const Node& node, size_t i) -> const Rearrangement& {
    return moved[static_cast<size_t>(node.inputs[i])];
  };
  const Shape& scores = graph.value(first.outputs[0]).shape;
  const bool stacks = operand(first, 0).axes.size() >= 2 && operand(first, 1).axes.size() >= 2;
  if (!stacks || scores.size() < 2) return std::nullopt;
  const int64_t rows = scores[scores.size() - 2];
  const int64_t columns = scores[scores.size() - 1];
  if (rows != columns || rows < 2) return std::nullopt;
  const std::optional<Weights> weights = follow_scores(graph, uses, first.outputs[0]);
  if (!weights) return std::nullopt;

  const bool row_queries = weights->keys == along(columns, 1);
  if (!sums_over_keys(*weights, row_queries, rows)) return std::nullopt;
  const Rearrangement& left = operand(first, 0);
  const Rearrangement& right = operand(first, 1);
  const Rearrangement& values = operand(*weights->second, 1 - weights->operand);
  if (left.source == kNoValue || right.source == kNoValue || values.source == kNoValue ||
      values.axes.size() < 2 || values.scale != 1.0F) {
    return std::nullopt;
  }
  const Matrices l = matrices(left);
  const Matrices r = matrices(right);
  const Matrices v = matrices(values);
  const auto of_left = operand_of(graph, left, l.rows, l.columns);
  const auto of_right = operand_of(graph, right, r.columns, r.rows);
  const auto of_values = weights->operand == 0 ? operand_of(graph, values, v.rows, v.columns)
                                               : operand_of(graph, values, v.columns, v.rows);
  if (!of_left || !of_right || !of_values) return std::nullopt;
  Block block{.q = row_queries ? *of_left : *of_right,
              .k = row_queries ? *of_right : *of_left,
              .v = *of_values,
              .scale = weights->scale * (left.scale * right.scale),
              .result = 0};
  if (!attend_together(graph, block.q, block.k) || !attend_together(graph, block.q, block.v) ||
      block.q.extent != block.k.extent || !std::isfinite(block.scale)) {
    return std::nullopt;
  }
  // No operand is broadcast over the others' heads or areas.
  const int64_t batch = block.q.heads * block.q.areas;
  const ValueId result = weights->second->outputs[0];
  if (element_count(scores) != batch * rows * columns ||
      weights->matrices.batch != along(batch, rows * columns) ||
      element_count(graph.value(result).shape) != batch * rows * block.v.extent) {
    return std::nullopt;
  }
  const auto node = follow_result(graph, uses, result, weights->operand == 0, block.v);
  if (!node) return std::nullopt;
  block.result = *node;
  return block;
}

// One image with the channels of all three operands; where they come from several, a concat in
// front of the result, which the plan lays out as one buffer, so that nothing is copied. Moves the
// operands' first channels.
ValueId one_image(Graph* graph, Block* block, std::vector<Insertion>* inserted) {
  std::vector<ValueId> images;
  int64_t channels = 0;
  std::vector<int64_t> offsets;
  for (Operand* operand : {&block->q, &block->k, &block->v}) {
    const auto known = std::find(images.begin(), images.end(), operand->image);
    const auto index = static_cast<size_t>(known - images.begin());
    if (known == images.end()) {
      images.push_back(operand->image);
      offsets.push_back(channels);
      channels += graph->value(operand->image).shape[1];
    }
    operand->first += offsets[index];
  }
  if (images.size() == 1) return images[0];
  const Value& y = graph->value(graph->nodes[block->result].outputs[0]);
  const Shape& s = graph->value(images[0]).shape;
  const ValueId joined_images =
      graph->add_value(y.name + ".operands", y.dtype, {1, channels, s[2], s[3]});
  Node concat{Op::kConcat, graph->nodes[block->result].name, images, {joined_images}, {}};
  concat.attributes["axis"] = int64_t{1};
  inserted->push_back({block->result, std::move(concat)});
  return joined_images;
}

}  // namespace

int32_t recognise_attention(Graph* graph) {
  const Uses uses = compute_uses(*graph);
  const std::vector<Rearrangement> moved = rearrangements(*graph);
  std::vector<Insertion> inserted;
  int32_t recognised = 0;
  const size_t nodes = graph->nodes.size();
  for (size_t i = 0; i < nodes; ++i) {
    if (graph->nodes[i].op != Op::kMatMul) continue;
    std::optional<Block> block = match(*graph, uses, moved, graph->nodes[i]);
    if (!block) continue;
    const ValueId image = one_image(graph, &*block, &inserted);
    Node& node = graph->nodes[block->result];
    node.op = Op::kAttention;
    node.inputs = {image};
    node.attributes.clear();
    node.attributes["heads"] = block->q.heads;
    node.attributes["areas"] = block->q.areas;
    node.attributes["key"] = block->q.extent;
    node.attributes["value"] = block->v.extent;
    node.attributes["first"] = std::vector<int64_t>{block->q.first, block->k.first, block->v.first};
    node.attributes["step"] = std::vector<int64_t>{block->q.step, block->k.step, block->v.step};
    node.attributes["scale"] = block->scale;
    ++recognised;
  }
  insert_nodes(graph, std::move(inserted));
  remove_dead_nodes(graph);
  return recognised;
}

}  // namespace pawl::engine
