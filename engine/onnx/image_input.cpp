#include "engine/onnx/image_input.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace pawl::engine::onnx {
namespace {

const std::vector<int64_t> kToPlanes = {0, 3, 1, 2};

bool is_numeric(DType dtype) {
  return dtype != DType::kBool;
}

bool only_moves(Op op) {
  return op == Op::kIdentity || op == Op::kTranspose || op == Op::kReshape || op == Op::kSlice ||
         op == Op::kSplit || op == Op::kConcat || op == Op::kGather;
}

// Bytes that are only moved about until a Cast makes them floats: floats from the start.
void take_floats(ValueId image, Graph* graph) {
  const Uses uses = compute_uses(*graph);
  std::vector<ValueId> open = {image};
  std::vector<bool> whole(graph->values.size(), false);  // floats that hold whole numbers
  std::vector<int32_t> casts;
  while (!open.empty()) {
    const ValueId id = open.back();
    open.pop_back();
    if (whole[static_cast<size_t>(id)]) continue;
    whole[static_cast<size_t>(id)] = true;
    if (uses.is_output[static_cast<size_t>(id)]) return;
    for (const int32_t reader : uses.consumers[static_cast<size_t>(id)]) {
      const Node& node = graph->nodes[static_cast<size_t>(reader)];
      const DType to = graph->value(node.outputs[0]).dtype;
      if (node.op == Op::kCast && is_numeric(to)) {
        casts.push_back(reader);
        if (to == DType::kFloat32) continue;
      } else if (!only_moves(node.op) || (node.op == Op::kGather && node.inputs[1] == id)) {
        return;
      }
      open.insert(open.end(), node.outputs.begin(), node.outputs.end());
    }
  }
  for (const Node& node : graph->nodes) {  // a Concat of the image with something else
    if (node.op != Op::kConcat || !whole[static_cast<size_t>(node.outputs[0])]) continue;
    for (const ValueId input : node.inputs) {
      if (!whole[static_cast<size_t>(input)]) return;
    }
  }
  for (size_t id = 0; id < whole.size(); ++id) {
    if (whole[id]) graph->values[id].dtype = DType::kFloat32;
  }
  for (const int32_t cast : casts) {
    Node& node = graph->nodes[static_cast<size_t>(cast)];
    node.op = Op::kIdentity;
    node.attributes.clear();
  }
  graph->value(image).declared = DeclaredScale{.scale = 1.0F, .zero = 0};
}

// A constant that broadcasts against (N, H, W, C), for (N, C, H, W); null if it varies over pixels.
std::shared_ptr<const Tensor> for_planes(const Tensor& constant) {
  const Shape& shape = constant.shape();
  if (constant.count() == 1) return std::make_shared<const Tensor>(constant);
  if (shape.size() > 4 || shape.back() != constant.count()) return nullptr;
  const std::span<const std::byte> bytes = constant.bytes();
  Tensor planes(constant.dtype(), {shape.back(), 1, 1});
  std::copy(bytes.begin(), bytes.end(), planes.bytes().begin());
  return std::make_shared<const Tensor>(std::move(planes));
}

// The nodes between an image with its channels last and the Transpose that makes planes of it.
class ChannelsLast {
 public:
  explicit ChannelsLast(Graph* graph) : graph_(*graph), uses_(compute_uses(*graph)) {}

  // Whether all of it can be done to planes; nothing is changed before that is known.
  bool follow(ValueId image) {
    ValueId at = image;
    while (true) {
      values_.push_back(at);
      const std::vector<int32_t>& readers = uses_.consumers[static_cast<size_t>(at)];
      if (readers.size() != 1 || uses_.is_output[static_cast<size_t>(at)]) return false;
      Node& node = graph_.nodes[static_cast<size_t>(readers[0])];
      if (node.op == Op::kTranspose && node.integers("perm") == kToPlanes) {
        transpose_ = readers[0];
        return true;
      }
      if (!movable(node, at)) return false;
      nodes_.push_back(readers[0]);
      at = node.outputs[0];
    }
  }

  void rewrite() {
    for (const ValueId id : values_) {
      Shape& shape = graph_.value(id).shape;
      shape = {shape[0], shape[3], shape[1], shape[2]};
    }
    for (const int32_t index : nodes_) to_planes(graph_.nodes[static_cast<size_t>(index)]);
    Node& transpose = graph_.nodes[static_cast<size_t>(transpose_)];
    transpose.op = Op::kIdentity;
    transpose.attributes.clear();
  }

 private:
  bool named(const std::string& name) const {
    return std::any_of(graph_.values.begin(), graph_.values.end(),
                       [&](const Value& value) { return value.name == name; });
  }

  bool movable(const Node& node, ValueId data) const {
    if (graph_.value(node.outputs[0]).shape.size() != 4) return false;
    if (node.op == Op::kSlice) return true;
    if (node.op == Op::kGather) {
      return node.integer("axis") == 3 && node.inputs[0] == data &&
             graph_.value(node.inputs[1]).shape.size() == 1;
    }
    const bool unary = node.op >= Op::kIdentity && node.op <= Op::kGelu;
    const bool binary = node.op >= Op::kAdd && node.op <= Op::kMax;
    if (!unary && !binary) return false;
    return std::all_of(node.inputs.begin(), node.inputs.end(), [&](ValueId input) {
      if (input == data) return true;
      const Value& value = graph_.value(input);
      return value.constant != nullptr && for_planes(*value.constant) != nullptr;
    });
  }

  void to_planes(Node& node) {
    for (const char* key : {"starts", "steps"}) {
      if (node.op != Op::kSlice) break;
      const std::vector<int64_t> last = node.integers(key);
      node.attributes[key] = std::vector<int64_t>{last[0], last[3], last[1], last[2]};
    }
    if (node.op == Op::kGather) {
      node.attributes["axis"] = int64_t{1};
      return;
    }
    for (ValueId& input : node.inputs) {
      const Value& value = graph_.value(input);
      if (value.constant != nullptr && value.constant->count() != 1) input = planes_of(input);
    }
  }

  // One constant for all who read it.
  ValueId planes_of(ValueId constant) {
    const auto known = planes_.find(constant);
    if (known != planes_.end()) return known->second;
    const std::shared_ptr<const Tensor> planes = for_planes(*graph_.value(constant).constant);
    std::string name = graph_.value(constant).name + ".planes";
    while (named(name)) name += "_";
    return planes_[constant] = graph_.add_constant(std::move(name), *planes);
  }

  Graph& graph_;
  const Uses uses_;
  std::vector<ValueId> values_;
  std::vector<int32_t> nodes_;
  std::map<ValueId, ValueId> planes_;
  int32_t transpose_ = -1;
};

// Drops the nodes that became nothing.
void remove_identities(Graph* graph) {
  std::vector<ValueId> instead(graph->values.size());
  for (size_t id = 0; id < instead.size(); ++id) instead[id] = static_cast<ValueId>(id);
  const auto is_output = [graph](ValueId id) {
    return std::find(graph->outputs.begin(), graph->outputs.end(), id) != graph->outputs.end();
  };
  for (Node& node : graph->nodes) {
    for (ValueId& input : node.inputs) {
      if (input != kNoValue) input = instead[static_cast<size_t>(input)];
    }
    if (node.op == Op::kIdentity && !is_output(node.outputs[0])) {
      instead[static_cast<size_t>(node.outputs[0])] = node.inputs[0];
    }
  }
  remove_dead_nodes(graph);
}

}  // namespace

void take_planes(Graph* graph) {
  const auto found = std::find_if(graph->inputs.begin(), graph->inputs.end(),
                                  [&](ValueId id) { return graph->value(id).shape.size() == 4; });
  if (found == graph->inputs.end()) return;
  const ValueId image = *found;
  const Shape shape = graph->value(image).shape;
  const auto colours = [](int64_t extent) { return extent == 1 || extent == 3; };
  bool changed = false;
  if (graph->value(image).dtype == DType::kUint8 && (colours(shape[1]) || colours(shape[3]))) {
    take_floats(image, graph);
    changed = graph->value(image).dtype == DType::kFloat32;
  }
  if (graph->value(image).dtype == DType::kFloat32 && !colours(shape[1]) && colours(shape[3])) {
    ChannelsLast last(graph);
    if (last.follow(image)) {
      last.rewrite();
      changed = true;
    }
  }
  if (changed) remove_identities(graph);
}

}  // namespace pawl::engine::onnx
