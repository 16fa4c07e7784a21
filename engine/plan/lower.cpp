#include "engine/plan/lower.h"

#include <algorithm>

#include "engine/passes/rewrite.h"
#include "engine/plan/kinds.h"
#include "engine/plan/lowering.h"

namespace pawl::engine {
namespace {

constexpr size_t kRankMax = 6;

// Any constant as floats: integers that reach a plan are small indices.
std::vector<float> as_floats(const Tensor& tensor) {
  switch (tensor.dtype()) {
    case DType::kFloat32: {
      const auto values = tensor.as<float>();
      return {values.begin(), values.end()};
    }
    case DType::kInt64: {
      const auto values = tensor.as<int64_t>();
      return {values.begin(), values.end()};
    }
    case DType::kInt32: {
      const auto values = tensor.as<int32_t>();
      return {values.begin(), values.end()};
    }
    default:
      break;
  }
  std::vector<float> floats;
  for (const std::byte byte : tensor.bytes()) {
    floats.push_back(tensor.dtype() == DType::kInt8 ? static_cast<float>(static_cast<int8_t>(byte))
                                                    : static_cast<float>(byte));
  }
  return floats;
}

}  // namespace

Result<Lowered> lower(const Graph& graph, const Target& target,
                      const GraphQuantization* quantization) {
  return Lowering(graph, target, quantization).run();
}

Error Lowering::unsupported(const Node& node, const std::string& why) const {
  return Error{Code::kUnsupported, "node \"" + node.name + "\" (" + std::string(op_name(node.op)) +
                                       "): " + why + "; simplify the model or report it"};
}

Status Lowering::check_input() const {
  if (graph_.inputs.size() != 1) {
    return Error{Code::kUnsupported, "the model has " + std::to_string(graph_.inputs.size()) +
                                         " inputs, one image is expected"};
  }
  const Value& input = graph_.value(graph_.inputs[0]);
  if (!is_image(input.shape) || input.dtype != DType::kFloat32) {
    return Error{Code::kUnsupported, "input \"" + input.name + "\" is " + to_string(input.shape) +
                                         " of " + dtype_name(input.dtype) +
                                         ", a float image of shape 1xCxHxW is expected"};
  }
  for (const Value& value : graph_.values) {
    if (value.shape.size() > kRankMax) {
      return Error{Code::kUnsupported, "value \"" + value.name + "\" has more than 6 dimensions"};
    }
    for (const int64_t extent : value.shape) {
      if (extent < 1 && !value.constant) {
        return Error{Code::kUnsupported, "value \"" + value.name + "\" is empty"};
      }
    }
  }
  return {};
}

Result<Lowered> Lowering::run() {
  const Status checked = check_input();
  if (!checked.ok()) return checked.error();
  views_ = assign_views(
      graph_, quantization_ == nullptr ? target_.channel_multiple : target_.channel_multiple_u8,
      &elided_);
  native_.assign(graph_.values.size(), -1);
  converted_.assign(graph_.values.size(), -1);
  at_boundary_.assign(graph_.values.size(), -1);
  buffer_.assign(graph_.values.size(), -1);

  builder_.mark_input(native_tensor(graph_.inputs[0]));
  for (const Node& node : graph_.nodes) {
    const Status lowered = lower_node(node);
    if (!lowered.ok()) return lowered.error();
  }
  Lowered result;
  for (const ValueId id : graph_.outputs) {
    const int32_t tensor = native_tensor(id);
    builder_.mark_output(tensor, static_cast<uint32_t>(result.output.size()));
    result.output.push_back(tensor);
  }
  result.plan = builder_.finish();
  result.concats_elided = elided_;
  result.copies = copies_;
  return result;
}

Status Lowering::lower_node(const Node& node) {
  if (const QuantizedConv* conv = quantized_conv(node)) return lower_conv_u8(node, *conv);
  if (is_u8(node.outputs[0])) return lower_on_u8(node);
  if (nhwc(node.outputs[0])) return lower_on_images(node);
  return lower_dense(node);
}

int32_t Lowering::native_tensor(ValueId id) {
  int32_t& tensor = native_[static_cast<size_t>(id)];
  if (tensor >= 0) return tensor;
  const Value& value = graph_.value(id);
  if (value.constant) {
    tensor = builder_.add_constant_dense(value.name, value.shape, as_floats(*value.constant));
    return tensor;
  }
  const ValueView& view = views_[static_cast<size_t>(id)];
  PAWL_CHECK(is_u8(id) == is_u8(view.root));  // an invariant of GraphQuantization
  if (!view.nhwc) {
    tensor = builder_.add_dense(value.name, value.shape);
    return tensor;
  }
  const Shape& root = shape(view.root);
  int32_t& buffer = buffer_[static_cast<size_t>(view.root)];
  if (buffer < 0) {
    buffer = is_u8(view.root) ? builder_.add_image_buffer_u8(root[1], root[2], root[3])
                              : builder_.add_image_buffer(root[1], root[2], root[3]);
  }
  if (is_u8(id)) {
    tensor = builder_.add_image_u8(value.name, value.shape, buffer, view.channel, root[1],
                                   *quantization_->values[static_cast<size_t>(id)]);
    return tensor;
  }
  tensor = builder_.add_image(value.name, value.shape, buffer, view.channel, root[1]);
  return tensor;
}

int32_t Lowering::image(ValueId id) {
  if (id == kNoValue) return -1;
  if (is_u8(id)) return dequantized(id);
  const int32_t native = native_tensor(id);
  if (builder_.tensor(native).layout == Layout::kNhwc) return native;
  int32_t& tensor = converted_[static_cast<size_t>(id)];
  if (tensor >= 0) return tensor;
  tensor = builder_.add_image(graph_.value(id).name, shape(id));
  convert(graph_.value(id).name, native, tensor);
  return tensor;
}

int32_t Lowering::dense(ValueId id) {
  const int32_t native = is_u8(id) ? dequantized(id) : native_tensor(id);
  if (builder_.tensor(native).layout == Layout::kRowMajor) return native;
  int32_t& tensor = converted_[static_cast<size_t>(id)];
  if (tensor >= 0) return tensor;
  tensor = builder_.add_dense(graph_.value(id).name, shape(id));
  convert(graph_.value(id).name, native, tensor);
  return tensor;
}

void Lowering::add_copy(const std::string& name, int32_t from, int32_t to,
                        const CopyFields& fields) {
  StepRecord& step = builder_.add_step(StepKind::kStridedCopy, name, {{from}, {to}});
  set_step_fields(fields, &step);
  ++copies_;
}

void Lowering::convert(const std::string& name, int32_t from, int32_t to) {
  const bool to_image = builder_.tensor(to).layout == Layout::kNhwc;
  const TensorRecord& record = builder_.tensor(to_image ? to : from);  // the NHWC side
  const int64_t C = record.extent[1];
  const int64_t H = record.extent[2];
  const int64_t W = record.extent[3];
  const int64_t pixel = record.pixel_stride;
  // Loops over (H, W, C) or (C, H, W), whichever makes the writes contiguous.
  CopyFields fields{};
  if (to_image) {
    fields = CopyFields{.extent = {1, 1, 1, H, W, C},
                        .x_stride = {0, 0, 0, W, 1, H * W},
                        .y_stride = {0, 0, 0, W * pixel, pixel, 1},
                        .x_start = 0,
                        .y_start = 0};
  } else {
    fields = CopyFields{.extent = {1, 1, 1, C, H, W},
                        .x_stride = {0, 0, 0, 1, W * pixel, pixel},
                        .y_stride = {0, 0, 0, H * W, W, 1},
                        .x_start = 0,
                        .y_start = 0};
  }
  add_copy(name, from, to, fields);
}

}  // namespace pawl::engine
