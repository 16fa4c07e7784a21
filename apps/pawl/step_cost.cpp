#include "apps/pawl/step_cost.h"

#include <cstddef>

#include "engine/plan/step.h"

namespace pawl::program {
namespace {

using engine::StepKind;

const engine::TensorRecord& tensor_at(const engine::Artifact& artifact, int32_t index) {
  return artifact.tensors()[static_cast<size_t>(index)];
}

int64_t elements(const engine::TensorRecord& tensor) {
  int64_t count = 1;
  for (size_t i = 0; i < tensor.rank; ++i) count *= tensor.extent[i];
  return count;
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
  }
  return "unknown";
}

int64_t step_multiply_adds(const engine::Artifact& artifact, const engine::StepRecord& step) {
  const engine::TensorRecord& input = tensor_at(artifact, step.input[0]);
  const engine::TensorRecord& output = tensor_at(artifact, step.output[0]);
  switch (step.kind) {
    case StepKind::kConv:
    case StepKind::kConvU8: {
      const auto conv = engine::step_fields<engine::ConvFields>(step);
      return elements(output) * conv.KH * conv.KW * input.extent[1];
    }
    case StepKind::kWinograd:  // as the direct form counts: rates may exceed the peak
      return elements(output) * 9 * input.extent[1];
    case StepKind::kDepthwise:
    case StepKind::kDepthwiseU8: {
      const auto conv = engine::step_fields<engine::ConvFields>(step);
      return elements(output) * conv.KH * conv.KW;
    }
    case StepKind::kAttention: {
      const auto attention = engine::step_fields<engine::AttentionFields>(step);
      const int64_t pixels = int64_t{input.extent[2]} * input.extent[3];
      return attention.heads * pixels * pixels * (attention.D + attention.VD);
    }
    case StepKind::kMatmul: {
      const auto matmul = engine::step_fields<engine::MatmulFields>(step);
      return matmul.batch * matmul.M * matmul.K * matmul.N;
    }
    default:
      return 0;
  }
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
