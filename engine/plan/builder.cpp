#include "engine/plan/builder.h"

#include <algorithm>

#include "engine/plan/arena.h"
#include "kernels/half.h"

namespace pawl::engine {
namespace {

constexpr int32_t kUntouched = -2;  // Buffer::first before any step
constexpr int32_t kBeforeSteps = -1;

int64_t rounded_up(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

TensorRecord image_record(const Shape& shape, Element element, int64_t first, int64_t stride) {
  TensorRecord record{};
  record.offset = static_cast<uint64_t>(first * element_bytes(element));
  record.layout = Layout::kNhwc;
  record.storage = Storage::kArena;
  record.rank = 4;
  for (size_t i = 0; i < 4; ++i) record.extent[i] = static_cast<int32_t>(shape[i]);
  record.pixel_stride = static_cast<int32_t>(stride);
  record.element = element;
  return record;
}

TensorRecord dense_record(uint32_t name, const Shape& shape) {
  TensorRecord record{};
  record.name = name;
  record.layout = Layout::kRowMajor;
  record.storage = Storage::kArena;
  record.rank = static_cast<uint8_t>(std::max<size_t>(shape.size(), 1));
  record.extent[0] = 1;  // a scalar is a vector of one
  for (size_t i = 0; i < shape.size(); ++i) record.extent[i] = static_cast<int32_t>(shape[i]);
  return record;
}

}  // namespace

int32_t PlanBuilder::add_buffer(int64_t bytes) {
  buffers_.push_back(Buffer{.bytes = bytes, .first = kUntouched, .last = kUntouched});
  return static_cast<int32_t>(buffers_.size()) - 1;
}

int64_t PlanBuilder::pixel_stride(int64_t channels) const {
  return rounded_up(channels, target_.channel_multiple);
}
int64_t PlanBuilder::pixel_stride_u8(int64_t channels) const {
  return rounded_up(channels, target_.channel_multiple_u8);
}

int32_t PlanBuilder::add_image_buffer(int64_t C, int64_t H, int64_t W) {
  return add_buffer(pixel_stride(C) * H * W * element_bytes(target_.real));
}
int32_t PlanBuilder::add_image_buffer_u8(int64_t C, int64_t H, int64_t W) {
  return add_buffer(pixel_stride_u8(C) * H * W + kernels::kSpareBytes);
}

int32_t PlanBuilder::add_tensor(const TensorRecord& record, int32_t buffer) {
  plan_.tensors.push_back(record);
  buffer_of_.push_back(buffer);
  return static_cast<int32_t>(plan_.tensors.size()) - 1;
}

int32_t PlanBuilder::add_image(std::string_view name, const Shape& shape, int32_t buffer,
                               int64_t first, int64_t buffer_channels) {
  TensorRecord record = image_record(shape, target_.real, first, pixel_stride(buffer_channels));
  record.name = plan_.add_name(name);
  return add_tensor(record, buffer);
}

int32_t PlanBuilder::add_image_u8(std::string_view name, const Shape& shape, int32_t buffer,
                                  int64_t first, int64_t buffer_channels,
                                  const kernels::Quantization& quantization) {
  TensorRecord record =
      image_record(shape, Element::kUint8, first, pixel_stride_u8(buffer_channels));
  record.name = plan_.add_name(name);
  record.zero = static_cast<uint8_t>(quantization.zero);
  record.scale = quantization.scale;
  return add_tensor(record, buffer);
}

int32_t PlanBuilder::add_image(std::string_view name, const Shape& shape) {
  return add_image(name, shape, add_image_buffer(shape[1], shape[2], shape[3]), 0, shape[1]);
}

int32_t PlanBuilder::add_image_u8(std::string_view name, const Shape& shape,
                                  const kernels::Quantization& quantization) {
  return add_image_u8(name, shape, add_image_buffer_u8(shape[1], shape[2], shape[3]), 0, shape[1],
                      quantization);
}

int32_t PlanBuilder::add_dense(std::string_view name, const Shape& shape) {
  return add_tensor(dense_record(plan_.add_name(name), shape),
                    add_buffer(element_count(shape) * element_bytes(Element::kFloat32)));
}

int32_t PlanBuilder::add_constant_dense(std::string_view name, const Shape& shape,
                                        std::span<const float> values) {
  TensorRecord record = dense_record(plan_.add_name(name), shape);
  record.storage = Storage::kWeights;
  record.offset = add_weights(values);
  return add_tensor(record, -1);
}

int32_t PlanBuilder::add_constant_pixel(std::string_view name, std::span<const float> channels) {
  const auto C = static_cast<int64_t>(channels.size());
  TensorRecord record = image_record({1, C, 1, 1}, target_.real, 0, pixel_stride(C));
  record.name = plan_.add_name(name);
  record.storage = Storage::kWeights;
  if (target_.real == Element::kFloat16) {
    std::vector<uint16_t> halves(static_cast<size_t>(record.pixel_stride), 0);
    std::ranges::transform(channels, halves.begin(), kernels::half_bits);
    record.offset = add_weights(std::as_bytes(std::span<const uint16_t>(halves)));
  } else {
    record.offset = add_weights(channels);
  }
  return add_tensor(record, -1);
}

int32_t PlanBuilder::add_channel_range(int32_t image, int64_t first, int64_t count) {
  TensorRecord record = tensor(image);
  record.offset += static_cast<uint64_t>(first * element_bytes(record.element));
  record.extent[1] = static_cast<int32_t>(count);
  record.flags = 0;
  return add_tensor(record, buffer_of_[static_cast<size_t>(image)]);
}

int32_t PlanBuilder::add_pixel_range(int32_t image, int64_t first, int64_t count) {
  TensorRecord record = tensor(image);
  record.offset +=
      static_cast<uint64_t>(first * record.pixel_stride * element_bytes(record.element));
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
