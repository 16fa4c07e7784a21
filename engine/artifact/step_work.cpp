#include "engine/artifact/step_work.h"

#include <algorithm>
#include <cstddef>

#include "engine/plan/step.h"

namespace pawl::engine {
namespace {

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

double multiply_adds(std::span<const TensorRecord> tensors, const StepRecord& step) {
  const TensorRecord& input = tensor_at(tensors, step.input[0]);
  const TensorRecord& output = tensor_at(tensors, step.output[0]);
  switch (step.kind) {
    case StepKind::kConv:
    case StepKind::kConvU8: {
      const auto conv = step_fields<ConvFields>(step);
      return product(elements(output), conv.KH, conv.KW, input.extent[1]);
    }
    case StepKind::kWinograd:  // as the direct form counts: rates may exceed the peak
      return product(elements(output), 9, input.extent[1]);
    case StepKind::kDepthwise:
    case StepKind::kDepthwiseU8: {
      const auto conv = step_fields<ConvFields>(step);
      return product(elements(output), conv.KH, conv.KW);
    }
    case StepKind::kAttention: {
      const auto attention = step_fields<AttentionFields>(step);
      const double pixels = product(input.extent[2], input.extent[3]);
      return product(attention.heads, pixels, pixels, attention.D + attention.VD);
    }
    case StepKind::kMatmul: {
      const auto matmul = step_fields<MatmulFields>(step);
      return product(matmul.batch, matmul.M, matmul.K, matmul.N);
    }
    default:
      return 0.0;
  }
}

}  // namespace

int64_t step_multiply_adds(std::span<const TensorRecord> tensors, const StepRecord& step) {
  return static_cast<int64_t>(std::min(multiply_adds(tensors, step), 9e18));
}

}  // namespace pawl::engine
