#include "apps/pawl/step_cost.h"

#include <cstddef>

namespace pawl::program {
namespace {

using engine::StepKind;

const engine::TensorRecord& tensor_at(const engine::Artifact& artifact, int32_t index) {
  return artifact.tensors()[static_cast<size_t>(index)];
}

}  // namespace

const char* step_kind_name(StepKind kind) {
  switch (kind) {
    case StepKind::kConv:
      return "conv";
    case StepKind::kDepthwise:
      return "depthwise";
    case StepKind::kPool:
      return "pool";
    case StepKind::kResize:
      return "resize";
    case StepKind::kUnary:
      return "unary";
    case StepKind::kBinary:
      return "binary";
    case StepKind::kGather:
      return "gather";
    case StepKind::kFocus:
      return "focus";
    case StepKind::kAttention:
      return "attention";
    case StepKind::kWinograd:
      return "conv winograd";
    case StepKind::kPad:
      return "pad";
    case StepKind::kStridedCopy:
      return "copy";
    case StepKind::kRowBinary:
      return "row binary";
    case StepKind::kRowUnary:
      return "row unary";
    case StepKind::kRowReduce:
      return "row reduce";
    case StepKind::kMatmul:
      return "matmul";
    case StepKind::kTopK:
      return "top-k";
    case StepKind::kRowGather:
      return "row gather";
    case StepKind::kConvU8:
      return "conv u8";
    case StepKind::kDepthwiseU8:
      return "depthwise u8";
    case StepKind::kQuantize:
      return "quantize";
    case StepKind::kDequantize:
      return "dequantize";
    case StepKind::kCopyU8:
      return "copy u8";
    case StepKind::kMaxPoolU8:
      return "max pool u8";
    case StepKind::kNearestU8:
      return "nearest u8";
    case StepKind::kBinaryU8:
      return "binary u8";
    case StepKind::kAveragePoolU8:
      return "average pool u8";
    case StepKind::kTableU8:
      return "table u8";
    case StepKind::kPadU8:
      return "pad u8";
  }
  return "unknown";
}

const char* precision_name(const engine::Artifact& artifact) {
  for (const engine::TensorRecord& tensor : artifact.tensors()) {
    if (tensor.element == engine::Element::kUint8) return "int8";
  }
  return "float32";
}

std::string tensor_shape(const engine::Artifact& artifact, int32_t tensor) {
  if (tensor < 0) return "-";
  const engine::TensorRecord& record = tensor_at(artifact, tensor);
  std::string text;
  for (size_t i = 0; i < record.rank; ++i) {
    text += (i == 0 ? "" : "x") + std::to_string(record.extent[i]);
  }
  return text.empty() ? "scalar" : text;
}

}  // namespace pawl::program
