#include "engine/plan/builder.h"

#include <algorithm>

#include "engine/plan/arena.h"

namespace pawl::engine {
namespace {

constexpr int32_t kUntouched = -2;  // Buffer::first before any step
constexpr int32_t kBeforeSteps = -1;

}  // namespace

int32_t PlanBuilder::add_buffer(int64_t floats) {
  const int64_t bytes = floats * static_cast<int64_t>(sizeof(float));
  buffers_.push_back(Buffer{.bytes = bytes, .first = kUntouched, .last = kUntouched});
  return static_cast<int32_t>(buffers_.size()) - 1;
}

int32_t PlanBuilder::add_buffer_u8(int64_t elements) {
  buffers_.push_back(
      Buffer{.bytes = elements + kernels::kSpareBytes, .first = kUntouched, .last = kUntouched});
  return static_cast<int32_t>(buffers_.size()) - 1;
}

int32_t PlanBuilder::add_tensor(const TensorRecord& record, int32_t buffer) {
  plan_.tensors.push_back(record);
  buffer_of_.push_back(buffer);
  return static_cast<int32_t>(plan_.tensors.size()) - 1;
}

int32_t PlanBuilder::add_image(std::string_view name, int64_t C, int64_t H, int64_t W,
                               int32_t buffer, int64_t offset, int64_t pixel_stride) {
  TensorRecord record{};
  record.offset = static_cast<uint64_t>(offset) * sizeof(float);
  record.name = plan_.add_name(name);
  record.layout = Layout::kNhwc;
  record.storage = Storage::kArena;
  record.rank = 4;
  record.extent[0] = 1;
  record.extent[1] = static_cast<int32_t>(C);
  record.extent[2] = static_cast<int32_t>(H);
  record.extent[3] = static_cast<int32_t>(W);
  record.pixel_stride = static_cast<int32_t>(pixel_stride);
  return add_tensor(record, buffer);
}

int32_t PlanBuilder::add_image_u8(std::string_view name, int64_t C, int64_t H, int64_t W,
                                  int32_t buffer, int64_t offset, int64_t pixel_stride,
                                  const kernels::Quantization& quantization) {
  const int32_t index = add_image(name, C, H, W, buffer, offset, pixel_stride);
  TensorRecord& record = plan_.tensors.back();
  record.offset = static_cast<uint64_t>(offset);
  record.element = Element::kUint8;
  record.zero = static_cast<uint8_t>(quantization.zero);
  record.scale = quantization.scale;
  return index;
}

int32_t PlanBuilder::add_dense(std::string_view name, const Shape& shape, int32_t buffer) {
  TensorRecord record{};
  record.name = plan_.add_name(name);
  record.layout = Layout::kRowMajor;
  record.storage = Storage::kArena;
  record.rank = static_cast<uint8_t>(std::max<size_t>(shape.size(), 1));
  record.extent[0] = 1;  // a scalar is a vector of one
  for (size_t i = 0; i < shape.size(); ++i) record.extent[i] = static_cast<int32_t>(shape[i]);
  return add_tensor(record, buffer);
}

int32_t PlanBuilder::add_constant_dense(std::string_view name, const Shape& shape,
                                        std::span<const float> values) {
  const int32_t index = add_dense(name, shape, -1);
  TensorRecord& record = plan_.tensors.back();
  record.storage = Storage::kWeights;
  record.offset = add_weights(values);
  return index;
}

int32_t PlanBuilder::add_constant_pixel(std::string_view name, std::span<const float> channels) {
  const auto C = static_cast<int64_t>(channels.size());
  const int32_t index = add_image(name, C, 1, 1, -1, 0, C);
  TensorRecord& record = plan_.tensors.back();
  record.storage = Storage::kWeights;
  record.offset = add_weights(channels);
  return index;
}

int32_t PlanBuilder::add_channel_range(int32_t image, int64_t first, int64_t count) {
  TensorRecord record = tensor(image);
  const uint64_t element = record.element == Element::kUint8 ? 1 : sizeof(float);
  record.offset += static_cast<uint64_t>(first) * element;
  record.extent[1] = static_cast<int32_t>(count);
  record.flags = 0;
  return add_tensor(record, buffer_of_[static_cast<size_t>(image)]);
}

int32_t PlanBuilder::add_pixel_range(int32_t image, int64_t first, int64_t count) {
  TensorRecord record = tensor(image);
  const uint64_t element = record.element == Element::kUint8 ? 1 : sizeof(float);
  record.offset += static_cast<uint64_t>(first * record.pixel_stride) * element;
  record.extent[2] = 1;
  record.extent[3] = static_cast<int32_t>(count);
  record.flags = 0;
  return add_tensor(record, buffer_of_[static_cast<size_t>(image)]);
}

StepRecord& PlanBuilder::add_step(StepKind kind, std::string_view name, const Operands& operands) {
  const auto index = static_cast<int32_t>(plan_.steps.size());
  StepRecord step{};
  step.kind = kind;
  step.name = plan_.add_name(name);
  std::fill(std::begin(step.input), std::end(step.input), -1);
  std::fill(std::begin(step.output), std::end(step.output), -1);
  std::fill(std::begin(step.data), std::end(step.data), kNoData);
  std::copy(operands.inputs.begin(), operands.inputs.end(), step.input);
  std::copy(operands.outputs.begin(), operands.outputs.end(), step.output);
  for (const int32_t input : operands.inputs) touch(input, index);
  for (const int32_t output : operands.outputs) touch(output, index);
  plan_.steps.push_back(step);
  return plan_.steps.back();
}

uint64_t PlanBuilder::add_weights(std::span<const float> values) {
  return plan_.add_weights(values.data(), values.size_bytes());
}

uint64_t PlanBuilder::add_weights(std::span<const int32_t> values) {
  return plan_.add_weights(values.data(), values.size_bytes());
}

uint64_t PlanBuilder::add_weights(std::span<const std::byte> values) {
  return plan_.add_weights(values.data(), values.size_bytes());
}

void PlanBuilder::touch(int32_t tensor, int32_t step) {
  if (tensor < 0) return;
  const int32_t index = buffer_of_[static_cast<size_t>(tensor)];
  if (index < 0) return;
  Buffer& buffer = buffers_[static_cast<size_t>(index)];
  if (buffer.first == kUntouched) buffer.first = step;
  buffer.last = std::max(buffer.last, step);
}

void PlanBuilder::mark_input(int32_t tensor) {
  touch(tensor, kBeforeSteps);
  plan_.header.input_tensor = tensor;
}

void PlanBuilder::mark_output(int32_t tensor, uint32_t number) {
  TensorRecord& record = plan_.tensors[static_cast<size_t>(tensor)];
  record.flags |= kTensorIsOutput;
  record.output_number = number;
  touch(tensor, static_cast<int32_t>(plan_.steps.size()));
}

Plan PlanBuilder::finish() {
  std::vector<ArenaBuffer> packed;
  for (const Buffer& buffer : buffers_) {
    packed.push_back(
        ArenaBuffer{.bytes = buffer.bytes, .first = buffer.first, .last = buffer.last});
  }
  plan_.header.arena_bytes = static_cast<uint64_t>(pack_arena(packed));
  for (size_t i = 0; i < plan_.tensors.size(); ++i) {
    const int32_t buffer = buffer_of_[i];
    if (buffer >= 0) {
      plan_.tensors[i].offset += static_cast<uint64_t>(packed[static_cast<size_t>(buffer)].offset);
    }
  }
  return std::move(plan_);
}

}  // namespace pawl::engine
