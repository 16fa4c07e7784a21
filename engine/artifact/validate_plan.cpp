#include <cmath>
#include <iterator>
#include <string>

#include "engine/artifact/step_kind.h"
#include "engine/artifact/validate.h"
#include "kernels/activation.h"
#include "kernels/cpu/isa.h"

namespace pawl::engine {
namespace {

using platform::Code;
using platform::Error;
using platform::Result;
using platform::Status;

constexpr uint64_t kDataAlignment = 4;
constexpr uint8_t kRankMax = 6;
constexpr float kScaleMin = 1.0F / (1U << 24U);

Error corrupt(const std::string& what) {
  return Error{Code::kCorrupt, what};
}

std::string_view name_at(const PlanTables& plan, uint32_t offset) {
  return offset < plan.names.size() ? std::string_view(plan.names.data() + offset)
                                    : std::string_view();
}

std::string quoted(const PlanTables& plan, uint32_t offset) {
  return " \"" + std::string(name_at(plan, offset)) + "\"";
}

// Elements from the first to the last, at most `limit`; 0 if it would be more. All numbers
// are positive. Products stay under 2^31 * limit, so with `limit` below 2^33 nothing overflows.
uint64_t elements_spanned(const TensorRecord& tensor, uint64_t limit) {
  if (tensor.layout == Layout::kRowMajor) {
    uint64_t floats = 1;
    for (uint8_t i = 0; i < tensor.rank; ++i) {
      floats *= static_cast<uint64_t>(tensor.extent[i]);
      if (floats > limit) return 0;
    }
    return floats;
  }
  const auto channels = static_cast<uint64_t>(tensor.extent[1]);
  uint64_t pixels = static_cast<uint64_t>(tensor.extent[2]);
  if (pixels > limit || channels > limit) return 0;
  pixels *= static_cast<uint64_t>(tensor.extent[3]);
  if (pixels > limit) return 0;
  const uint64_t floats = (pixels - 1) * static_cast<uint64_t>(tensor.pixel_stride) + channels;
  return floats > limit ? 0 : floats;
}

const char* element_fault(const TensorRecord& tensor, bool cuda) {
  if (tensor.reserved != 0) return "reserved field is not zero";
  if (tensor.element == Element::kFloat32 || tensor.element == Element::kFloat16) {
    if (tensor.zero != 0 || tensor.scale != 0.0F) return "a quantization without 8-bit elements";
    const bool half = tensor.element == Element::kFloat16;
    if (half && !cuda) return "float16 in a plan for a CPU";
    if (half && tensor.layout != Layout::kNhwc) return "float16 outside an image";
    const auto bytes = static_cast<uint64_t>(element_bytes(tensor.element));
    return tensor.offset % bytes != 0 ? "offset is not a multiple of the element's size" : nullptr;
  }
  if (tensor.element != Element::kUint8) return "unknown element type";
  if (tensor.layout != Layout::kNhwc) return "8-bit elements outside an image";
  if (tensor.storage != Storage::kArena) return "8-bit elements outside the arena";
  // Kernels multiply by the inverse, which their contract bounds (kernels/quantized.h).
  return std::isfinite(tensor.scale) && tensor.scale >= kScaleMin
             ? nullptr
             : "scale below 2^-24 or not finite";
}

// What is wrong with the tensor's own fields; nullptr if nothing is.
const char* tensor_shape_fault(const TensorRecord& tensor, bool cuda) {
  if (tensor.layout != Layout::kRowMajor && tensor.layout != Layout::kNhwc) return "unknown layout";
  if (tensor.storage != Storage::kArena && tensor.storage != Storage::kWeights) {
    return "unknown storage";
  }
  if ((tensor.flags & ~kTensorIsOutput) != 0) return "unknown flags";
  if (tensor.output_number >= kOutputsMax) return "output number is out of range";
  if (tensor.output_number != 0 && tensor.flags == 0) return "output number without an output";
  if (tensor.rank < 1 || tensor.rank > kRankMax) return "rank outside 1 to 6";
  for (uint8_t i = 0; i < tensor.rank; ++i) {
    if (tensor.extent[i] < 1) return "extent below 1";
  }
  if (tensor.layout == Layout::kNhwc) {
    if (tensor.rank != 4 || tensor.extent[0] != 1) return "NHWC needs rank 4 and one image";
    if (tensor.pixel_stride < tensor.extent[1]) return "pixel stride below the channel count";
  }
  return element_fault(tensor, cuda);
}

const char* tensor_fault(const TensorRecord& tensor, const PlanTables& plan,
                         uint64_t weights_bytes) {
  if (tensor.name >= plan.names.size()) return "name outside the name table";
  if (const char* const fault = tensor_shape_fault(tensor, is_cuda(*plan.header))) return fault;
  const uint64_t storage =
      tensor.storage == Storage::kArena ? plan.header->arena_bytes : weights_bytes;
  const uint64_t bytes = tensor_bytes(tensor);
  if (bytes == 0) return "larger than the limit of 16 GiB";
  if (tensor.offset > storage || bytes > storage - tensor.offset) {
    return tensor.storage == Storage::kArena ? "reaches outside the arena"
                                             : "reaches outside the weights";
  }
  return nullptr;
}

const char* step_fault(const StepRecord& step, const PlanTables& plan, uint64_t weights_bytes) {
  const auto tensors = static_cast<int64_t>(plan.tensors.size());
  const auto written = [&](int32_t index) {
    return index < tensors && plan.tensors[static_cast<size_t>(index)].storage == Storage::kArena;
  };
  const StepKindInfo* const info = find_step_kind(step.kind);
  if (info == nullptr) return "unknown kind";
  if (step.activation > static_cast<uint8_t>(kernels::Activation::kClip)) {
    return "unknown activation";
  }
  if (step.name >= plan.names.size()) return "name outside the name table";
  if (step.reserved0 != 0 || step.reserved1 != 0) return "reserved field is not zero";
  for (const int32_t input : step.input) {
    if (input < -1 || input >= tensors) return "input is no tensor of the plan";
  }
  for (uint32_t i = 0; i < std::size(step.input); ++i) {
    if ((info->inputs >> i & 1U) != 0 && step.input[i] < 0) return "an input is missing";
  }
  if (step.output[0] < 0 || !written(step.output[0])) return "output is no tensor of the arena";
  if ((info->outputs & 2U) != 0 && step.output[1] < 0) return "the second output is missing";
  if (step.output[1] < -1 || (step.output[1] >= 0 && !written(step.output[1]))) {
    return "second output is no tensor of the arena";
  }
  for (const uint64_t data : step.data) {
    if (data != kNoData && (data % kDataAlignment != 0 || data >= weights_bytes)) {
      return "data block outside the weights";
    }
  }
  return nullptr;
}

Status validate_plan_header(const PlanTables& plan) {
  const PlanHeader& header = *plan.header;
  if (header.arena_bytes > kStorageBytesMax) {
    return corrupt("plan: arena of " + std::to_string(header.arena_bytes) +
                   " bytes, more than the limit of 16 GiB");
  }
  if (header.target_name >= header.name_bytes) return corrupt("plan: target name out of range");
  for (const uint32_t reserved : header.reserved) {
    if (reserved != 0) return corrupt("plan: reserved field is not zero");
  }
  if (!kernels::is_isa(header.isa) && !is_cuda(header)) {
    return Error{Code::kUnsupported, "plan for" + quoted(plan, header.target_name) +
                                         " needs an instruction set not known here; update pawl"};
  }
  return {};
}

Status validate_input(const PlanTables& plan) {
  const int32_t input = plan.header->input_tensor;
  if (input < 0 || static_cast<size_t>(input) >= plan.tensors.size() ||
      plan.tensors[static_cast<size_t>(input)].storage != Storage::kArena) {
    return corrupt("plan: input is no tensor of the arena");
  }
  return {};
}

}  // namespace

uint64_t tensor_bytes(const TensorRecord& tensor) {
  return elements_spanned(tensor, kStorageBytesMax / sizeof(float)) *
         static_cast<uint64_t>(element_bytes(tensor.element));
}

Result<PlanTables> split_plan(std::span<const std::byte> section) {
  if (section.size() < sizeof(PlanHeader)) return corrupt("plan: shorter than its header");
  PlanTables plan;
  plan.header = reinterpret_cast<const PlanHeader*>(section.data());
  // Counts are 32 bits wide: the sum stays far below 2^64.
  const uint64_t tensors_at = sizeof(PlanHeader);
  const uint64_t steps_at = tensors_at + uint64_t{plan.header->tensor_count} * sizeof(TensorRecord);
  const uint64_t names_at = steps_at + uint64_t{plan.header->step_count} * sizeof(StepRecord);
  const uint64_t end = names_at + plan.header->name_bytes;
  if (end != section.size()) {
    return corrupt("plan: its tables are " + std::to_string(end) + " bytes, the section " +
                   std::to_string(section.size()));
  }
  plan.tensors = {reinterpret_cast<const TensorRecord*>(section.data() + tensors_at),
                  plan.header->tensor_count};
  plan.steps = {reinterpret_cast<const StepRecord*>(section.data() + steps_at),
                plan.header->step_count};
  plan.names = {reinterpret_cast<const char*>(section.data() + names_at), plan.header->name_bytes};
  if (plan.names.empty() || plan.names.back() != '\0') {
    return corrupt("plan: name table does not end with a zero byte");
  }
  return plan;
}

Status validate_plan(const PlanTables& plan, uint64_t weights_bytes) {
  if (weights_bytes > kStorageBytesMax) return corrupt("weights: more than the limit of 16 GiB");
  PAWL_TRY(validate_plan_header(plan));
  for (size_t i = 0; i < plan.tensors.size(); ++i) {
    const TensorRecord& tensor = plan.tensors[i];
    if (const char* const fault = tensor_fault(tensor, plan, weights_bytes)) {
      return corrupt("tensor " + std::to_string(i) + quoted(plan, tensor.name) + ": " + fault);
    }
  }
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    const StepRecord& step = plan.steps[i];
    if (const char* const fault = step_fault(step, plan, weights_bytes)) {
      return corrupt("step " + std::to_string(i) + quoted(plan, step.name) + ": " + fault);
    }
  }
  return validate_input(plan);
}

}  // namespace pawl::engine
