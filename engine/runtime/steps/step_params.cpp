#include "engine/runtime/steps/step_params.h"

#include "engine/runtime/steps/readers.h"

namespace pawl::engine {

Result<StepParams> step_params(const Artifact& artifact, const StepRecord& step,
                               const AddressBases& bases) {
  const steps::StepReader reader(artifact, step, bases);
  switch (step.kind) {
    case StepKind::kConv:
      return steps::read_conv(reader);
    case StepKind::kDepthwise:
      return steps::read_depthwise(reader);
    case StepKind::kPool:
      return steps::read_pool(reader);
    case StepKind::kResize:
      return steps::read_resize(reader);
    case StepKind::kUnary:
      return steps::read_unary(reader);
    case StepKind::kBinary:
      return steps::read_binary(reader);
    case StepKind::kGather:
      return steps::read_gather(reader);
    case StepKind::kFocus:
      return steps::read_focus(reader);
    case StepKind::kAttention:
      return steps::read_attention(reader);
    case StepKind::kWinograd:
      return steps::read_winograd(reader);
    case StepKind::kPad:
      return steps::read_pad(reader);
    case StepKind::kStridedCopy:
      return steps::read_strided_copy(reader);
    case StepKind::kDenseBinary:
      return steps::read_dense_binary(reader);
    case StepKind::kDenseUnary:
      return steps::read_dense_unary(reader);
    case StepKind::kDenseReduce:
      return steps::read_dense_reduce(reader);
    case StepKind::kMatmul:
      return steps::read_matmul(reader);
    case StepKind::kTopK:
      return steps::read_topk(reader);
    case StepKind::kDenseGather:
      return steps::read_dense_gather(reader);
    case StepKind::kConvU8:
      return steps::read_conv_u8(reader);
    case StepKind::kDepthwiseU8:
      return steps::read_depthwise_u8(reader);
    case StepKind::kQuantize:
      return steps::read_quantize(reader);
    case StepKind::kDequantize:
      return steps::read_dequantize(reader);
    case StepKind::kCopyU8:
      return steps::read_copy_u8(reader);
    case StepKind::kMaxPoolU8:
      return steps::read_max_pool_u8(reader);
    case StepKind::kNearestU8:
      return steps::read_nearest_u8(reader);
    case StepKind::kBinaryU8:
      return steps::read_binary_u8(reader);
    case StepKind::kAveragePoolU8:
      return steps::read_average_pool_u8(reader);
    case StepKind::kTableU8:
      return steps::read_table_u8(reader);
    case StepKind::kPadU8:
      return steps::read_pad_u8(reader);
  }
  return reader.broken("an unknown kind");
}

}  // namespace pawl::engine
