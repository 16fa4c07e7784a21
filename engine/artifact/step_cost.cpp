#include "engine/artifact/step_cost.h"

#include <cmath>
#include <cstddef>

#include "engine/artifact/step_kind.h"

namespace pawl::engine {
namespace {

// Picoseconds by cost class.
struct Rate {
  double multiply_add;
  double byte;  // read or written, in the cache
};

// In the order of CostClass. Multiply-adds from `pawl bench --layers` of yolov8n and yolox_nano, one
// core: AMD Zen 5, and the same core held to smaller sets; 3x3 layers on bytes run by Winograd
// there. NEON is counted from instructions, of a core with dot products; the scalar rows only keep
// proportions. Bytes from images that fit the cache.
struct Rates {
  Rate of[kCostClasses];
};
constexpr Rates kAvx512Vnni = {{{9.0, 10.0},
                                {3.3, 10.0},
                                {38.0, 10.0},
                                {2.0, 10.0},
                                {26.0, 10.0},
                                {20.0, 10.0},
                                {0.0, 50.0},
                                {0.0, 20.0},
                                {0.0, 8.0},
                                {0.0, 250.0}}};
constexpr Rates kAvxVnni = {{{18.0, 20.0},
                             {6.3, 20.0},
                             {62.0, 20.0},
                             {4.6, 20.0},
                             {70.0, 20.0},
                             {40.0, 20.0},
                             {0.0, 75.0},
                             {0.0, 40.0},
                             {0.0, 16.0},
                             {0.0, 250.0}}};
constexpr Rates kAvx2 = {{{18.0, 20.0},
                          {6.3, 20.0},
                          {62.0, 20.0},
                          {8.0, 20.0},
                          {84.0, 20.0},
                          {40.0, 20.0},
                          {0.0, 75.0},
                          {0.0, 40.0},
                          {0.0, 16.0},
                          {0.0, 250.0}}};
constexpr Rates kNeon = {{{62.0, 30.0},
                          {23.0, 30.0},
                          {130.0, 30.0},
                          {20.0, 30.0},
                          {60.0, 30.0},
                          {80.0, 30.0},
                          {0.0, 100.0},
                          {0.0, 65.0},
                          {0.0, 30.0},
                          {0.0, 500.0}}};
constexpr Rates kScalar = {{{400.0, 100.0},
                            {180.0, 100.0},
                            {500.0, 100.0},
                            {400.0, 100.0},
                            {500.0, 100.0},
                            {600.0, 100.0},
                            {0.0, 250.0},
                            {0.0, 350.0},
                            {0.0, 200.0},
                            {0.0, 500.0}}};

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

double bytes(std::span<const TensorRecord> tensors, int32_t index) {
  if (index < 0) return 0.0;
  const TensorRecord& tensor = tensors[static_cast<size_t>(index)];
  auto count = static_cast<double>(element_bytes(tensor.element));
  for (size_t i = 0; i < tensor.rank; ++i) count *= tensor.extent[i];
  return count;
}

// Convolutions compute whole panels of output channels.
double panel_share(std::span<const TensorRecord> tensors, const StepRecord& step) {
  const int32_t channels = tensors[static_cast<size_t>(step.output[0])].extent[1];
  return std::ceil(channels / 16.0) * 16.0 / channels;
}

}  // namespace

double step_ns(std::span<const TensorRecord> tensors, const StepRecord& step, kernels::Isa isa) {
  const StepKindInfo* const info = find_step_kind(step.kind);
  if (info == nullptr) return 0.0;
  const Rate rate = rates_of(isa).of[static_cast<size_t>(info->cost)];
  double moved = 0.0;
  for (const int32_t input : step.input) moved += bytes(tensors, input);
  for (const int32_t output : step.output) moved += bytes(tensors, output);
  double work = static_cast<double>(step_multiply_adds(tensors, step));
  if (info->work == Work::kConvolution) work *= panel_share(tensors, step);
  return (work * rate.multiply_add + moved * rate.byte) / 1e3;
}

double plan_ms(std::span<const TensorRecord> tensors, std::span<const StepRecord> steps,
               kernels::Isa isa) {
  double total = 0.0;
  for (const StepRecord& step : steps) total += step_ns(tensors, step, isa);
  return total / 1e6;
}

}  // namespace pawl::engine
