#include "engine/plan/step_cost.h"

#include <cstddef>

#include "engine/artifact/step_work.h"

namespace pawl::engine {
namespace {

const TensorRecord& tensor_at(std::span<const TensorRecord> tensors, int32_t index) {
  return tensors[static_cast<size_t>(index)];
}

int64_t elements(const TensorRecord& tensor) {
  int64_t count = 1;
  for (size_t i = 0; i < tensor.rank; ++i) count *= tensor.extent[i];
  return count;
}

// Picoseconds: of a multiply-add by kind of step, of an element that any other step writes.
struct Rates {
  double conv, winograd, depthwise, conv_u8, depthwise_u8, other, element, element_u8;
};

// From `pawl bench --layers` of yolov8n and yolox_nano, one core: AMD Zen 5, and the same core held
// to smaller sets; 3x3 layers on bytes run by Winograd there. NEON is counted from instructions, of
// a core with dot products; the scalar row only keeps proportions.
constexpr Rates kAvx512Vnni = {9.0, 3.3, 38.0, 2.0, 26.0, 20.0, 400.0, 60.0};
constexpr Rates kAvxVnni = {18.0, 6.3, 62.0, 4.6, 70.0, 40.0, 600.0, 120.0};
constexpr Rates kAvx2 = {18.0, 6.3, 62.0, 8.0, 84.0, 40.0, 600.0, 120.0};
constexpr Rates kNeon = {62.0, 23.0, 130.0, 20.0, 60.0, 80.0, 800.0, 200.0};
constexpr Rates kScalar = {400.0, 180.0, 500.0, 400.0, 500.0, 600.0, 2000.0, 1000.0};

const Rates& rates_of(kernels::Isa isa) {
  switch (isa) {
    case kernels::Isa::kAvx512:  // of the machines with AVX-512, few lack VNNI
    case kernels::Isa::kAvx512Vnni:
      return kAvx512Vnni;
    case kernels::Isa::kAvxVnni:
      return kAvxVnni;
    case kernels::Isa::kAvx2:
      return kAvx2;
    case kernels::Isa::kNeon:  // likewise for dot products
    case kernels::Isa::kNeonDot:
    case kernels::Isa::kNeonI8mm:
      return kNeon;
    case kernels::Isa::kScalar:
      break;
  }
  return kScalar;
}

double picoseconds(std::span<const TensorRecord> tensors, const StepRecord& step,
                   const Rates& rates) {
  const auto work = static_cast<double>(step_multiply_adds(tensors, step));
  const TensorRecord& output = tensor_at(tensors, step.output[0]);
  const double traffic = static_cast<double>(elements(output)) *
                         (output.element == Element::kUint8 ? rates.element_u8 : rates.element);
  switch (step.kind) {
    case StepKind::kConv:
      return work * rates.conv;
    case StepKind::kWinograd:
      return work * rates.winograd;
    case StepKind::kDepthwise:
      return work * rates.depthwise;
    case StepKind::kConvU8:
      return work * rates.conv_u8;
    case StepKind::kDepthwiseU8:
      return work * rates.depthwise_u8;
    case StepKind::kQuantize:
    case StepKind::kDequantize:
      return static_cast<double>(elements(output)) * rates.element_u8;
    default:
      return work * rates.other + traffic;
  }
}

}  // namespace

double estimated_ms(std::span<const TensorRecord> tensors, std::span<const StepRecord> steps,
                    kernels::Isa isa) {
  double total = 0.0;
  for (const StepRecord& step : steps) total += picoseconds(tensors, step, rates_of(isa));
  return total / 1e9;
}

}  // namespace pawl::engine
