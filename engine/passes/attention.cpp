// Attention over pixels as exporters write it (YOLO11, YOLO26):
//   qkv (1, C, H, W) -> Reshape (1, heads, 2*key+value, P) -> Split -> q, k, v
//   scores = Softmax(MatMul(Transpose(q), k) * scale)
//   y = Reshape(MatMul(v, Transpose(scores)), (1, heads*value, H, W))
#include <optional>
#include <vector>

#include "engine/passes/passes.h"
#include "engine/passes/rewrite.h"

namespace pawl::engine {
namespace {

const std::vector<int64_t> kSwapLast = {0, 1, 3, 2};

struct Block {
  ValueId qkv;    // (1, C, H, W)
  ValueId v;      // (1, heads, value, P)
  size_t result;  // the last Reshape
  int64_t heads, key, value;
  float scale;
};

// The node that `id` is the swapped transpose of; kNoValue if it is none, or read elsewhere too.
ValueId swapped(const Graph& graph, const Uses& uses, ValueId id) {
  const Node* node = producer_of(graph, uses, id, Op::kTranspose);
  if (node == nullptr || node->integers("perm") != kSwapLast || sole_consumer(uses, id) < 0) {
    return kNoValue;
  }
  return node->inputs[0];
}

// Follows `id` back over one multiplication or division by a constant number into *scale.
ValueId unscaled(const Graph& graph, const Uses& uses, ValueId id, float* scale) {
  for (const Op op : {Op::kMul, Op::kDiv}) {
    const Node* node = producer_of(graph, uses, id, op);
    if (node == nullptr || sole_consumer(uses, id) < 0) continue;
    const std::span<const float> factor = constant_floats(graph, node->inputs[1]);
    if (factor.size() != 1) return id;
    *scale *= op == Op::kMul ? factor[0] : 1.0F / factor[0];
    return node->inputs[0];
  }
  return id;
}

std::optional<Block> match(const Graph& graph, const Uses& uses, const Node& softmax) {
  const Shape& scores = graph.value(softmax.inputs[0]).shape;
  if (scores.size() != 4 || softmax.integer("axis") != 3 || scores[2] != scores[3]) {
    return std::nullopt;
  }
  Block block{};
  block.scale = 1.0F;
  const ValueId product = unscaled(graph, uses, softmax.inputs[0], &block.scale);
  const Node* first = producer_of(graph, uses, product, Op::kMatMul);
  if (first == nullptr || sole_consumer(uses, product) < 0) return std::nullopt;
  const ValueId q = swapped(graph, uses, unscaled(graph, uses, first->inputs[0], &block.scale));
  const Node* split = producer_of(graph, uses, first->inputs[1], Op::kSplit);
  if (q == kNoValue || split == nullptr || split->outputs.size() != 3 ||
      split->integer("axis") != 2 || split->outputs[0] != q ||
      split->outputs[1] != first->inputs[1] || sole_consumer(uses, split->outputs[1]) < 0) {
    return std::nullopt;
  }
  // Forward: the weights go, transposed, into the second product with v.
  const int32_t turn = sole_consumer(uses, softmax.outputs[0]);
  if (turn < 0) return std::nullopt;
  const ValueId turned = graph.nodes[static_cast<size_t>(turn)].outputs[0];
  if (swapped(graph, uses, turned) != softmax.outputs[0]) return std::nullopt;
  const Node& second = graph.nodes[static_cast<size_t>(sole_consumer(uses, turned))];
  if (second.op != Op::kMatMul || second.inputs[0] != split->outputs[2] ||
      second.inputs[1] != turned) {
    return std::nullopt;
  }
  const int32_t result = sole_consumer(uses, second.outputs[0]);
  const Node* grouped = producer_of(graph, uses, split->inputs[0], Op::kReshape);
  if (result < 0 || grouped == nullptr || sole_consumer(uses, split->inputs[0]) < 0) {
    return std::nullopt;
  }
  const Node& last = graph.nodes[static_cast<size_t>(result)];
  block.qkv = grouped->inputs[0];
  block.v = split->outputs[2];
  block.result = static_cast<size_t>(result);
  block.heads = scores[1];
  block.key = split->integers("split")[0];
  block.value = split->integers("split")[2];
  const Shape& in = graph.value(block.qkv).shape;
  const bool images =
      last.op == Op::kReshape && in.size() == 4 && in[0] == 1 &&
      split->integers("split")[1] == block.key &&
      in[1] == block.heads * (2 * block.key + block.value) &&
      graph.value(split->inputs[0]).shape ==
          Shape{1, block.heads, in[1] / block.heads, in[2] * in[3]} &&
      graph.value(last.outputs[0]).shape == Shape{1, block.heads * block.value, in[2], in[3]};
  if (!images) return std::nullopt;
  return block;
}

// Other readers of v that want it as an image get the channels straight from qkv.
void gather_values(Graph* graph, const Uses& uses, const Block& block) {
  const Shape image = graph->value(graph->nodes[block.result].outputs[0]).shape;
  for (const int32_t reader : uses.consumers[static_cast<size_t>(block.v)]) {
    if (graph->nodes[static_cast<size_t>(reader)].op != Op::kReshape) continue;
    const ValueId reshaped = graph->nodes[static_cast<size_t>(reader)].outputs[0];
    if (graph->value(reshaped).shape != image) continue;
    std::vector<int64_t> index;
    for (int64_t h = 0; h < block.heads; ++h) {
      for (int64_t c = 0; c < block.value; ++c) {
        index.push_back(h * (2 * block.key + block.value) + 2 * block.key + c);
      }
    }
    const ValueId indices =
        graph->add_constant(graph->value(reshaped).name + ".channels",
                            Tensor::of<int64_t>({image[1]}, std::span<const int64_t>(index)));
    Node& node = graph->nodes[static_cast<size_t>(reader)];
    node.op = Op::kGather;
    node.inputs = {block.qkv, indices};
    node.attributes.clear();
    node.attributes["axis"] = int64_t{1};
  }
}

}  // namespace

int32_t recognise_attention(Graph* graph) {
  const Uses uses = compute_uses(*graph);
  int32_t recognised = 0;
  const size_t nodes = graph->nodes.size();
  for (size_t i = 0; i < nodes; ++i) {
    if (graph->nodes[i].op != Op::kSoftmax) continue;
    const std::optional<Block> block = match(*graph, uses, graph->nodes[i]);
    if (!block) continue;
    gather_values(graph, uses, *block);
    Node& node = graph->nodes[block->result];
    node.op = Op::kAttention;
    node.inputs = {block->qkv};
    node.attributes.clear();
    node.attributes["heads"] = block->heads;
    node.attributes["key"] = block->key;
    node.attributes["value"] = block->value;
    node.attributes["scale"] = block->scale;
    ++recognised;
  }
  remove_dead_nodes(graph);
  return recognised;
}

}  // namespace pawl::engine
