#include "engine/onnx/coarse_scores.h"

#include <cstdio>
#include <vector>

namespace pawl::engine::onnx {
namespace {

// Steps of probabilities above this decide detections. Sound files have 1/255.
constexpr float kStepMax = 0.1F;

// Values that hold sigmoids or softmaxes, moved about or joined with others.
std::vector<bool> probabilities(const Graph& graph) {
  std::vector<bool> holds(graph.values.size(), false);
  for (const Node& node : graph.nodes) {
    bool found = false;
    switch (node.op) {
      case Op::kSigmoid:
      case Op::kSoftmax:
        found = true;
        break;
      case Op::kConcat:
      case Op::kSplit:
      case Op::kSlice:
      case Op::kReshape:
      case Op::kTranspose:
      case Op::kGather:
      case Op::kIdentity:
        for (const ValueId id : node.inputs) found = found || holds[static_cast<size_t>(id)];
        break;
      default:
        break;
    }
    for (const ValueId id : node.outputs) holds[static_cast<size_t>(id)] = found;
  }
  return holds;
}

std::string text_of(float number) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", static_cast<double>(number));
  return text;
}

}  // namespace

void warn_of_coarse_scores(Graph* graph) {
  const std::vector<bool> holds = probabilities(*graph);
  for (size_t i = 0; i < graph->values.size(); ++i) {
    Value& value = graph->values[i];
    if (!holds[i] || !value.declared || value.declared->scale <= kStepMax) continue;
    const float step = value.declared->scale;
    const bool all = step > 2.0F;
    graph->warnings.push_back(
        "the file gives \"" + value.name + "\" the scale " + text_of(step) +
        ", and it holds scores of 0 to 1: " +
        (all ? "all of them" : "those below " + text_of(step / 2.0F)) +
        " round to 0 in the file, which was quantized wrongly; Pawl does not use this scale");
    value.declared.reset();
  }
}

}  // namespace pawl::engine::onnx
