#include "engine/onnx/single_frame.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "engine/graph/inference.h"

namespace pawl::engine::onnx {
namespace {

class SingleFrame {
 public:
  SingleFrame(int64_t batch, Graph* graph)
      : batch_(batch), graph_(*graph), framewise_(graph->values.size(), false) {}

  Status run() {
    for (const ValueId input : graph_.inputs) {
      if (shape(input).empty() || shape(input)[0] != batch_)
        return mixed("its inputs differ in it");
      set_framewise(input);
    }
    for (Node& node : graph_.nodes) {
      if (!keeps_frames_apart(node)) {
        return mixed("node \"" + node.name + "\" (" + std::string(op_name(node.op)) +
                     ") may mix them");
      }
      for (const ValueId output : node.outputs) set_framewise(output);
    }
    for (const ValueId output : graph_.outputs) {
      if (!is_framewise(output))
        return mixed("output \"" + graph_.value(output).name + "\" is one");
    }
    return cut();
  }

 private:
  const Shape& shape(ValueId id) const { return graph_.value(id).shape; }
  bool is_framewise(ValueId id) const {
    return id != kNoValue && framewise_[static_cast<size_t>(id)];
  }
  void set_framewise(ValueId id) { framewise_[static_cast<size_t>(id)] = true; }

  Error mixed(const std::string& why) const {
    return {Code::kUnsupported, "the model takes " + std::to_string(batch_) +
                                    " images at once, and " + why + ": export it with batch 1"};
  }

  // Whether the constant's first dimension repeats one element; notes it to be cut.
  bool repeats(ValueId id) {
    const Tensor* tensor = graph_.value(id).constant.get();
    if (tensor == nullptr || shape(id).empty() || shape(id)[0] != batch_) return false;
    const std::span<const std::byte> bytes = tensor->bytes();
    const size_t row = bytes.size() / static_cast<size_t>(batch_);
    for (size_t i = 1; i < static_cast<size_t>(batch_); ++i) {
      if (std::memcmp(bytes.data(), bytes.data() + i * row, row) != 0) return false;
    }
    repeated_.push_back(id);
    return true;
  }

  // An operand that meets the batch at dimension 0 of `rank`: it varies with it, repeats along it,
  // or is broadcast over it.
  bool aligned(ValueId id, size_t rank) {
    if (id == kNoValue) return true;
    if (is_framewise(id)) return shape(id).size() == rank;
    return shape(id).size() < rank || shape(id)[0] == 1 || repeats(id);
  }
  bool all_aligned(const Node& node) {
    const size_t rank = shape(node.outputs[0]).size();
    return std::all_of(node.inputs.begin(), node.inputs.end(),
                       [&](ValueId id) { return aligned(id, rank); });
  }
  // Only the first input varies.
  bool only_data(const Node& node) const {
    return is_framewise(node.inputs[0]) &&
           std::none_of(node.inputs.begin() + 1, node.inputs.end(),
                        [&](ValueId id) { return is_framewise(id); });
  }
  // Every input is cut along dimension 0 alike.
  bool stacked(const Node& node) {
    return std::all_of(node.inputs.begin(), node.inputs.end(),
                       [&](ValueId id) { return is_framewise(id) || repeats(id); });
  }
  bool product(const Node& node) {
    const ValueId a = node.inputs[0];
    const ValueId b = node.inputs[1];
    const size_t rank = shape(node.outputs[0]).size();
    // (batch, K) times (K, N): rows are apart.
    if (shape(a).size() == 2) return is_framewise(a) && !is_framewise(b) && rank == 2;
    return rank >= 3 && aligned(a, rank) && aligned(b, rank);
  }
  bool gather(const Node& node) const {
    const bool data = is_framewise(node.inputs[0]);
    const bool indices = is_framewise(node.inputs[1]);
    const bool first = node.integer("axis") == 0;
    return (data && !indices && !first) || (!data && indices && first);
  }

  bool keeps_frames_apart(const Node& node) {
    // What no image reaches would have been folded; its extents mean nothing here.
    const bool reached = std::any_of(node.inputs.begin(), node.inputs.end(),
                                     [&](ValueId id) { return is_framewise(id); });
    if (!reached) return false;
    const ValueId data = node.inputs[0];
    const auto axis_behind = [&] { return is_framewise(data) && node.integer("axis") != 0; };
    switch (node.op) {
      case Op::kConv:
      case Op::kConvTranspose:
      case Op::kBatchNormalization:
      case Op::kMaxPool:
      case Op::kAveragePool:
      case Op::kDepthToSpace:
      case Op::kSpaceToDepth:
        return only_data(node);
      case Op::kResize:
        return only_data(node) && node.reals("scales")[0] == 1.0F;
      case Op::kConcat:
        return node.integer("axis") != 0 && stacked(node);
      case Op::kSplit:
      case Op::kSoftmax:
      case Op::kArgMax:
      case Op::kTopK:
      case Op::kLayerNormalization:
        return axis_behind() && only_data(node);
      case Op::kSlice:
        return is_framewise(data) && node.integers("starts")[0] == 0 &&
               node.integers("steps")[0] == 1 && shape(node.outputs[0])[0] == batch_;
      case Op::kReshape:
      case Op::kExpand:
        return is_framewise(data) && !shape(node.outputs[0]).empty() &&
               shape(node.outputs[0])[0] == batch_ &&
               (node.op == Op::kReshape || shape(node.outputs[0]).size() == shape(data).size());
      case Op::kTranspose:
        return is_framewise(data) && node.integers("perm")[0] == 0;
      case Op::kTile:
        return is_framewise(data) && node.integers("repeats")[0] == 1;
      case Op::kPad:
        return is_framewise(data) && node.integers("pads")[0] == 0 &&
               node.integers("pads")[shape(data).size()] == 0;
      case Op::kGather:
        return gather(node);
      case Op::kGatherElements:
        return node.integer("axis") != 0 && stacked(node);
      case Op::kReduceMax:
      case Op::kReduceMin:
      case Op::kReduceMean:
      case Op::kReduceSum:
      case Op::kReduceProd: {
        const std::vector<int64_t>& axes = node.integers("axes");
        return is_framewise(data) && std::find(axes.begin(), axes.end(), 0) == axes.end();
      }
      case Op::kMatMul:
        return product(node);
      default:
        break;
    }
    const bool elementwise = (node.op >= Op::kIdentity && node.op <= Op::kGelu) ||
                             (node.op >= Op::kAdd && node.op <= Op::kWhere);
    return elementwise && all_aligned(node);
  }

  Status cut() {
    for (const ValueId id : repeated_) {
      Value& value = graph_.value(id);
      if (value.shape[0] == 1) continue;  // read twice
      value.shape[0] = 1;
      Tensor one(value.dtype, value.shape);
      std::memcpy(one.bytes().data(), value.constant->bytes().data(), one.bytes().size());
      value.constant = std::make_shared<const Tensor>(std::move(one));
    }
    for (size_t id = 0; id < graph_.values.size(); ++id) {
      if (framewise_[id]) graph_.values[id].shape[0] = 1;
    }
    // The rules above, checked by those of the operators.
    for (const Node& node : graph_.nodes) {
      const Shape extents = shape(node.outputs[0]);
      const auto types = PAWL_TRY(
          infer_types(graph_, node, &extents).context("node \"" + node.name + "\" for one image"));
      for (size_t i = 0; i < node.outputs.size(); ++i) {
        if (types[i].shape != shape(node.outputs[i])) {
          return mixed("node \"" + node.name + "\" (" + std::string(op_name(node.op)) +
                       ") depends on their number");
        }
      }
    }
    graph_.assumptions.push_back("the file takes " + std::to_string(batch_) +
                                 " images at once; compiled for one, whose results are the same");
    return {};
  }

  int64_t batch_;
  Graph& graph_;
  std::vector<bool> framewise_;
  std::vector<ValueId> repeated_;
};

}  // namespace

Status take_single_frame(int64_t batch, Graph* graph) {
  return SingleFrame(batch, graph).run();
}

}  // namespace pawl::engine::onnx
