#include "engine/artifact/step_kind.h"

#include <algorithm>
#include <cstddef>

#include "engine/artifact/step.h"

namespace pawl::engine {
namespace {

constexpr uint8_t kFirst = 1, kBoth = 3;

constexpr StepKindInfo kStepKinds[] = {
    {StepKind::kConv, "conv", kFirst, kFirst, Work::kConvolution, CostClass::kConv},
    {StepKind::kDepthwise, "depthwise", kFirst, kFirst, Work::kDepthwise, CostClass::kDepthwise},
    {StepKind::kPool, "pool", kFirst, kFirst, Work::kNone, CostClass::kImage},
    {StepKind::kResize, "resize", kFirst, kFirst, Work::kNone, CostClass::kImage},
    {StepKind::kUnary, "unary", kFirst, kFirst, Work::kNone, CostClass::kImage},
    {StepKind::kBinary, "binary", kBoth, kFirst, Work::kNone, CostClass::kImage},
    {StepKind::kGather, "gather", kFirst, kFirst, Work::kNone, CostClass::kImage},
    {StepKind::kFocus, "focus", kFirst, kFirst, Work::kNone, CostClass::kImage},
    {StepKind::kAttention, "attention", kFirst, kFirst, Work::kAttention, CostClass::kProducts},
    {StepKind::kWinograd, "conv winograd", kFirst, kFirst, Work::kWinograd, CostClass::kWinograd},
    {StepKind::kPad, "pad", kFirst, kFirst, Work::kNone, CostClass::kImage},
    {StepKind::kStridedCopy, "copy", kFirst, kFirst, Work::kNone, CostClass::kDense},
    {StepKind::kDenseBinary, "dense binary", kBoth, kFirst, Work::kNone, CostClass::kDense},
    {StepKind::kDenseUnary, "dense unary", kFirst, kFirst, Work::kNone, CostClass::kDense},
    {StepKind::kDenseReduce, "dense reduce", kFirst, kFirst, Work::kNone, CostClass::kDense},
    {StepKind::kMatmul, "matmul", kBoth, kFirst, Work::kMatmul, CostClass::kProducts},
    {StepKind::kTopK, "top-k", kFirst, kBoth, Work::kNone, CostClass::kDense},
    {StepKind::kDenseGather, "dense gather", kBoth, kFirst, Work::kNone, CostClass::kDense},
    {StepKind::kConvU8, "conv u8", kFirst, kFirst, Work::kConvolution, CostClass::kConvU8},
    {StepKind::kDepthwiseU8, "depthwise u8", kFirst, kFirst, Work::kDepthwise,
     CostClass::kDepthwiseU8},
    {StepKind::kQuantize, "quantize", kFirst, kFirst, Work::kNone, CostClass::kElementTypes},
    {StepKind::kDequantize, "dequantize", kFirst, kFirst, Work::kNone, CostClass::kElementTypes},
    {StepKind::kCopyU8, "copy u8", kFirst, kFirst, Work::kNone, CostClass::kImageU8},
    {StepKind::kMaxPoolU8, "max pool u8", kFirst, kFirst, Work::kNone, CostClass::kImageU8},
    {StepKind::kNearestU8, "nearest u8", kFirst, kFirst, Work::kNone, CostClass::kImageU8},
    {StepKind::kBinaryU8, "binary u8", kBoth, kFirst, Work::kNone, CostClass::kImageU8},
    {StepKind::kAveragePoolU8, "average pool u8", kFirst, kFirst, Work::kNone, CostClass::kImageU8},
    {StepKind::kTableU8, "table u8", kFirst, kFirst, Work::kNone, CostClass::kImageU8},
    {StepKind::kPadU8, "pad u8", kFirst, kFirst, Work::kNone, CostClass::kImageU8},
};

const TensorRecord& tensor_at(std::span<const TensorRecord> tensors, int32_t index) {
  return tensors[static_cast<size_t>(index)];
}

// In floating point, exact below 2^53: what a damaged artifact claims must not overflow.
template <typename... Factors>
double product(Factors... factors) {
  return (1.0 * ... * static_cast<double>(factors));
}

double elements(const TensorRecord& tensor) {
  double count = 1.0;
  for (size_t i = 0; i < tensor.rank; ++i) count *= tensor.extent[i];
  return count;
}

double multiply_adds(std::span<const TensorRecord> tensors, const StepRecord& step, Work work) {
  const TensorRecord& input = tensor_at(tensors, step.input[0]);
  const TensorRecord& output = tensor_at(tensors, step.output[0]);
  switch (work) {
    case Work::kConvolution: {
      const auto conv = step_fields<ConvFields>(step);
      return product(elements(output), conv.KH, conv.KW, input.extent[1]);
    }
    case Work::kWinograd:  // as the direct form counts: rates may exceed the peak
      return product(elements(output), 9, input.extent[1]);
    case Work::kDepthwise: {
      const auto conv = step_fields<ConvFields>(step);
      return product(elements(output), conv.KH, conv.KW);
    }
    case Work::kAttention: {
      const auto attention = step_fields<AttentionFields>(step);
      const double pixels = product(input.extent[2], input.extent[3]);
      return product(attention.heads, pixels, pixels, attention.D + attention.VD);
    }
    case Work::kMatmul: {
      const auto matmul = step_fields<MatmulFields>(step);
      return product(matmul.batch, matmul.M, matmul.K, matmul.N);
    }
    case Work::kNone:
      break;
  }
  return 0.0;
}

}  // namespace

std::span<const StepKindInfo> step_kinds() {
  return kStepKinds;
}

const StepKindInfo* find_step_kind(StepKind kind) {
  const auto* const end = std::end(kStepKinds);
  const auto* const found = std::lower_bound(
      std::begin(kStepKinds), end, kind,
      [](const StepKindInfo& info, StepKind wanted) { return info.kind < wanted; });
  return found != end && found->kind == kind ? found : nullptr;
}

const char* step_kind_name(StepKind kind) {
  const StepKindInfo* const info = find_step_kind(kind);
  return info == nullptr ? "unknown" : info->name;
}

int64_t step_multiply_adds(std::span<const TensorRecord> tensors, const StepRecord& step) {
  const StepKindInfo* const info = find_step_kind(step.kind);
  if (info == nullptr || info->work == Work::kNone) return 0;
  return static_cast<int64_t>(std::min(multiply_adds(tensors, step, info->work), 9e18));
}

}  // namespace pawl::engine
