// Nodes on NHWC images that have no file of their own.
#include <algorithm>
#include <vector>

#include "engine/passes/rewrite.h"
#include "engine/plan/kinds.h"
#include "engine/plan/lowering.h"
#include "kernels/pool.h"

namespace pawl::engine {

void set_activation(const kernels::ActivationParams& activation, StepRecord* step) {
  step->activation = static_cast<uint8_t>(activation.kind);
  step->alpha = activation.alpha;
  step->beta = activation.beta;
}

Status Lowering::lower_on_images(const Node& node) {
  switch (node.op) {
    case Op::kConv:
      return lower_conv(node);
    case Op::kConvTranspose:
      return lower_conv_transpose(node);
    case Op::kMaxPool:
    case Op::kAveragePool:
    case Op::kReduceMean:
      return lower_pool(node);
    case Op::kResize:
      return lower_resize(node);
    case Op::kPad:
      lower_image_pad(node);
      return {};
    case Op::kSlice:
    case Op::kSplit:
      return lower_image_slice(node);
    case Op::kConcat:
      lower_image_concat(node);
      return {};
    case Op::kGather:
      lower_channel_gather(node);
      return {};
    case Op::kFocus:
      lower_focus(node);
      return {};
    case Op::kDepthToSpace:
    case Op::kSpaceToDepth:
      lower_blocks(node, image(node.inputs[0]));
      return {};
    case Op::kAttention:
      return lower_attention(node);
    default:
      break;
  }
  if (node.inputs.size() == 1) {
    lower_image_unary(node);
  } else {
    lower_image_binary(node);
  }
  return {};
}

// Of MaxPool and AveragePool, and of ReduceMean over all pixels.
PoolFields Lowering::pool_fields(const Node& node) const {
  PoolFields fields{};
  fields.kind = static_cast<int64_t>(node.op == Op::kMaxPool ? kernels::PoolKind::kMax
                                                             : kernels::PoolKind::kAverage);
  if (node.op == Op::kReduceMean) {
    const Shape& in = shape(node.inputs[0]);
    fields.KH = in[2];
    fields.KW = in[3];
    fields.stride_h = fields.stride_w = 1;
    fields.dilation_h = fields.dilation_w = 1;
    return fields;
  }
  const ConvFields window = conv_fields(node);
  fields.count_padding = node.op == Op::kAveragePool ? node.integer("count_include_pad") : 0;
  fields.KH = window.KH;
  fields.KW = window.KW;
  fields.stride_h = window.stride_h;
  fields.stride_w = window.stride_w;
  fields.pad_top = window.pad_top;
  fields.pad_left = window.pad_left;
  fields.dilation_h = window.dilation_h;
  fields.dilation_w = window.dilation_w;
  return fields;
}

Status Lowering::lower_pool(const Node& node) {
  if (shape(node.inputs[0]).size() != 4) return unsupported(node, "only 2-D pooling");
  if (node.op != Op::kReduceMean && !window_fits(node)) return unsupported(node, kWindowTooLarge);
  StepRecord& step =
      builder_.add_step(StepKind::kPool, node.name, {{image(node.inputs[0])}, {output(node)}});
  set_step_fields(pool_fields(node), &step);
  return {};
}

// Whether a Slice or Split needs no step: its outputs are channels of its input's buffer.
bool Lowering::outputs_are_views(const Node& node) const {
  if (!is_channel_range(graph_, node)) return false;
  const ValueId root = views_[static_cast<size_t>(node.inputs[0])].root;
  return std::all_of(node.outputs.begin(), node.outputs.end(), [&](ValueId output) {
    return views_[static_cast<size_t>(output)].root == root;
  });
}

// Views cost nothing; any other slice or split is a copy.
Status Lowering::lower_image_slice(const Node& node) {
  if (outputs_are_views(node)) {
    for (size_t i = 0; i < node.outputs.size(); ++i) output(node, i);
    return {};
  }
  const int32_t x = image(node.inputs[0]);
  const int64_t x_pixel = builder_.tensor(x).pixel_stride;
  const int64_t width = shape(node.inputs[0])[3];
  int64_t start = 0;  // of a split, along its axis
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    const Shape& out = shape(node.outputs[i]);
    const int32_t y = output(node, i);
    const int64_t y_pixel = builder_.tensor(y).pixel_stride;
    std::vector<int64_t> starts(4, 0);
    std::vector<int64_t> steps(4, 1);
    if (node.op == Op::kSlice) {
      starts = node.integers("starts");
      steps = node.integers("steps");
    } else {
      const auto axis = static_cast<size_t>(node.integer("axis"));
      starts[axis] = start;
      start += out[axis];
    }
    add_copy(
        node.name, x, y,
        CopyFields{.extent = {1, 1, 1, out[2], out[3], out[1]},
                   .x_stride = {0, 0, 0, steps[2] * width * x_pixel, steps[3] * x_pixel, steps[1]},
                   .y_stride = {0, 0, 0, out[3] * y_pixel, y_pixel, 1},
                   .x_start = (starts[2] * width + starts[3]) * x_pixel + starts[1],
                   .y_start = 0});
  }
  return {};
}

void Lowering::lower_image_concat(const Node& node) {
  const int64_t axis = node.integer("axis");
  const int32_t y = output(node);
  const int64_t y_pixel = builder_.tensor(y).pixel_stride;
  const int64_t width = shape(node.outputs[0])[3];
  const ValueView& whole = views_[static_cast<size_t>(node.outputs[0])];
  int64_t offset = 0;
  for (const ValueId input : node.inputs) {
    const Shape& in = shape(input);
    const ValueView& part = views_[static_cast<size_t>(input)];
    const bool in_place =
        axis == 1 && part.nhwc && part.root == whole.root && part.channel == whole.channel + offset;
    if (!in_place) {
      const int32_t x = image(input);
      const int64_t x_pixel = builder_.tensor(x).pixel_stride;
      const int64_t start[4] = {0, offset, offset * width * y_pixel, offset * y_pixel};
      add_copy(node.name, x, y,
               CopyFields{.extent = {1, 1, 1, in[2], in[3], in[1]},
                          .x_stride = {0, 0, 0, in[3] * x_pixel, x_pixel, 1},
                          .y_stride = {0, 0, 0, width * y_pixel, y_pixel, 1},
                          .x_start = 0,
                          .y_start = start[axis]});
    }
    offset += in[static_cast<size_t>(axis)];
  }
}

std::vector<int32_t> Lowering::gather_index(const Node& node) const {
  const std::span<const int64_t> indices = graph_.value(node.inputs[1]).constant->as<int64_t>();
  const int64_t channels = shape(node.inputs[0])[1];
  std::vector<int32_t> index;
  for (const int64_t i : indices) index.push_back(static_cast<int32_t>(i < 0 ? i + channels : i));
  return index;
}

void Lowering::lower_channel_gather(const Node& node) {
  const std::vector<int32_t> index = gather_index(node);
  StepRecord& step =
      builder_.add_step(StepKind::kGather, node.name, {{image(node.inputs[0])}, {output(node)}});
  step.data[0] = builder_.add_weights(std::span<const int32_t>(index));
  ++copies_;
}

void Lowering::lower_focus(const Node& node) {
  const std::vector<int64_t>& order = node.integers("order");
  StepRecord& step =
      builder_.add_step(StepKind::kFocus, node.name, {{image(node.inputs[0])}, {output(node)}});
  FocusFields fields{};
  for (size_t g = 0; g < 4; ++g) {
    fields.dy[g] = order[2 * g];
    fields.dx[g] = order[2 * g + 1];
  }
  set_step_fields(fields, &step);
}

void Lowering::lower_image_unary(const Node& node) {
  StepRecord& step =
      builder_.add_step(StepKind::kUnary, node.name, {{image(node.inputs[0])}, {output(node)}});
  set_activation(*activation_of(node), &step);
}

void Lowering::lower_image_binary(const Node& node) {
  const Shape& out = shape(node.outputs[0]);
  // The operand that is not a full image goes second: one number a channel.
  const bool swap = shape(node.inputs[0]) != out;
  const ValueId a = node.inputs[swap ? 1 : 0];
  const ValueId b = node.inputs[swap ? 0 : 1];
  int32_t operand = -1;
  if (graph_.value(b).constant) {
    const std::vector<float> channels = per_channel(graph_, b, out[1], out.size());
    operand = builder_.add_constant_pixel(graph_.value(b).name, channels);
  } else {
    operand = image(b);
  }
  StepRecord& step =
      builder_.add_step(StepKind::kBinary, node.name, {{image(a), operand}, {output(node)}});
  set_step_fields(OpFields{static_cast<int64_t>(*pixelwise_op(node.op))}, &step);
}

}  // namespace pawl::engine
