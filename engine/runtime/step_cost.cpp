#include "engine/runtime/step_cost.h"

#include <algorithm>
#include <cmath>

#include "engine/artifact/step_work.h"
#include "kernels/isa.h"

namespace pawl::engine {
namespace {

// A stage that two threads share costs about 0.5 us more than one that stays where it is.
constexpr double kPartNs = 800.0;

const TensorRecord& tensor_at(const Artifact& artifact, int32_t index) {
  return artifact.tensors()[static_cast<size_t>(index)];
}

double elements(const TensorRecord& tensor) {
  double count = 1.0;
  for (size_t i = 0; i < tensor.rank; ++i) count *= tensor.extent[i];
  return count;
}

double bytes(const TensorRecord& tensor) {
  return elements(tensor) * (tensor.element == Element::kUint8 ? 1.0 : 4.0);
}

// Of one AVX-512 core, measured on images that fit its cache. Half or twice as much moves only
// steps of one to three microseconds.
struct Rate {
  double multiply_adds, bytes;  // a nanosecond
};

Rate rate_of(StepKind kind) {
  switch (kind) {
    case StepKind::kConvU8:
      return {256.0, 100.0};
    case StepKind::kConv:
    case StepKind::kWinograd:
      return {100.0, 100.0};
    case StepKind::kDepthwise:
    case StepKind::kDepthwiseU8:
    case StepKind::kAttention:
      return {32.0, 100.0};
    case StepKind::kQuantize:
    case StepKind::kDequantize:
      return {1.0, 150.0};
    case StepKind::kPad:
    case StepKind::kPadU8:
    case StepKind::kCopyU8:
    case StepKind::kNearestU8:
      return {1.0, 80.0};
    case StepKind::kPool:
    case StepKind::kMaxPoolU8:
    case StepKind::kResize:
    case StepKind::kUnary:
    case StepKind::kBinary:
    case StepKind::kGather:
    case StepKind::kFocus:
      return {1.0, 20.0};
    default:  // the general kernels, an element at a time
      return {1.0, 4.0};
  }
}

// Convolutions compute whole panels of 16 output channels.
double panel_share(const Artifact& artifact, const StepRecord& step) {
  if (step.kind != StepKind::kConv && step.kind != StepKind::kConvU8) return 1.0;
  const int32_t channels = tensor_at(artifact, step.output[0]).extent[1];
  return std::ceil(channels / 16.0) * 16.0 / channels;
}

double slower_than_avx512() {
  if (kernels::usable(kernels::Isa::kAvx512)) return 1.0;
  const bool vectors = kernels::usable(kernels::Isa::kAvx2) || kernels::usable(kernels::Isa::kNeon);
  return vectors ? 3.0 : 32.0;
}

}  // namespace

int32_t step_parts(const Artifact& artifact, const StepRecord& step, int32_t threads) {
  double moved = 0.0;
  for (const int32_t input : step.input) {
    if (input >= 0) moved += bytes(tensor_at(artifact, input));
  }
  for (const int32_t output : step.output) {
    if (output >= 0) moved += bytes(tensor_at(artifact, output));
  }
  const Rate rate = rate_of(step.kind);
  const auto multiply_adds = static_cast<double>(step_multiply_adds(artifact.tensors(), step));
  const double work = multiply_adds * panel_share(artifact, step);
  const double ns = (work / rate.multiply_adds + moved / rate.bytes) * slower_than_avx512();
  return static_cast<int32_t>(std::clamp(ns / kPartNs, 1.0, static_cast<double>(threads)));
}

}  // namespace pawl::engine
